import type { Request } from "../Fault.js";
type Json = Readonly<Record<string, unknown>>;
interface Whole {
    readonly status: number;
    readonly body: Json;
}
export declare const respond: (request: Request) => Whole | "stream";
export declare const chunks: (request: Request, count: number | undefined) => ReadonlyArray<Json>;
export {};
