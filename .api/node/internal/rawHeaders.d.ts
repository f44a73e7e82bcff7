import * as Cookies from "@effect/platform/Cookies";
import * as Headers from "@effect/platform/Headers";
import type { IncomingHttpHeaders } from "node:http";
export type RawHeaders = ReadonlyArray<Buffer>;
export declare const rawOf: (headers: IncomingHttpHeaders) => RawHeaders;
export declare const headerOf: (raw: RawHeaders, name: string) => string | undefined;
export declare const headersOf: (raw: RawHeaders) => Headers.Headers;
export declare const cookiesOf: (raw: RawHeaders) => Cookies.Cookies;
