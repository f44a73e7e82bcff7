import { type ApiError } from "../../ApiError.js";
import type { Phase } from "./model.js";
export declare const conflicts: {
    Other: string;
    Gone: string;
};
export declare const mayExist: (id: string) => string;
export declare const notLookedUp: (error: ApiError, id: string) => string;
export declare const nothingSent: (error: ApiError, id: string, isSent: boolean) => string | undefined;
export declare const moreOf: (option: Phase | "outage") => string;
export declare const settled: (error: ApiError) => ApiError;
export declare const advised: ({ _tag, reason, ...rest }: ApiError, remedy: string) => ApiError;
export declare const mayStand: (error: ApiError) => boolean;
