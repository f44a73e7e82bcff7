import type { HttpClient } from "@effect/platform/HttpClient";
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest";
import * as Effect from "effect/Effect";
declare const key: unique symbol;
interface Parts {
    readonly options: object;
    readonly mapped: Effect.Effect<HttpClientRequest, unknown, unknown>;
}
interface Marked {
    [key]?: Parts;
}
export declare const withParts: <A extends object>(execution: A & Marked, parts: Parts) => A;
export declare const completedBy: <E, R>(request: HttpClientRequest, client: HttpClient.With<E, R>) => Effect.Effect<HttpClientRequest, unknown, R>;
export declare const inheritedBy: (request: HttpClientRequest, client: HttpClient.With<unknown, unknown>) => object | undefined;
export declare const withoutUndefined: <A extends object>(options: A) => A;
export {};
