import * as HttpClientRequest from "@effect/platform/HttpClientRequest";
import * as Effect from "effect/Effect";
export declare const randomId: Effect.Effect<string>;
export declare const idHeader: (owner: string, name?: string) => string;
export declare const withRequestId: (request: HttpClientRequest.HttpClientRequest, header: string) => Effect.Effect<HttpClientRequest.HttpClientRequest>;
