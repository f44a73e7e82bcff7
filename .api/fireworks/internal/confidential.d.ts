import type { ApiError } from "../../ApiError.js";
export interface Confidential {
    readonly apiKey: string;
    readonly accounts: ReadonlyArray<string>;
    readonly body: (() => unknown) | undefined;
}
export declare const withoutEchoes: (text: string, body: unknown) => string;
export declare const withoutNames: (text: string, { accounts, apiKey }: Omit<Confidential, "body">) => string;
export declare const withoutSecrets: (error: ApiError, secrets: Confidential) => ApiError;
export declare const altered: (error: ApiError, changes: { readonly [K in "detail" | "code" | "requestId" | "remedy"]?: string | undefined; }) => ApiError;
