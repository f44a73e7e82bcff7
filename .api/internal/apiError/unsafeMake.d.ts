import { type ApiError, type Kind, Transient } from "../../ApiError.js";
export interface Fields extends Omit<ConstructorParameters<typeof Transient>[0], "reason" | "cause" | "attempts"> {
}
export declare const unsafeMake: (kind: Kind, rest: Fields & {
    readonly attempts?: number;
}, cause?: unknown) => ApiError;
