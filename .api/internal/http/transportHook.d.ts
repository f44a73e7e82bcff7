import type * as HttpClient from "@effect/platform/HttpClient";
import * as HttpClientRequest from "@effect/platform/HttpClientRequest";
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse";
import type * as Effect from "effect/Effect";
import * as FiberRef from "effect/FiberRef";
import type { ApiError } from "../../ApiError.js";
import type { Workload } from "../call/model.js";
import type { Dialect, Target } from "../../Dialect.js";
export interface Bounds {
    readonly body: number;
    readonly json: number;
    readonly kept: number;
    readonly drained: number;
    readonly draining: number;
}
export interface Try {
    readonly workload: Workload;
    readonly millis: number;
    readonly phase: "attempt" | "deadline";
    readonly bounds: Bounds;
}
export type Exchange = (request: HttpClientRequest.HttpClientRequest, options: Try) => Effect.Effect<HttpClientResponse.HttpClientResponse, ApiError>;
export interface Exchanging<E, R> {
    readonly exchange: Exchange;
    readonly mapped: Effect.Effect<HttpClientRequest.HttpClientRequest, E, R>;
}
export declare const withExchange: <A extends object, E, R>(execution: A, exchanging: Exchanging<E, R>) => A;
export declare const exchangeOf: <E, R>(client: HttpClient.HttpClient.With<E, R>, request: HttpClientRequest.HttpClientRequest) => Exchanging<E, R> | undefined;
export declare const isTransport: <E, R>(client: HttpClient.HttpClient.With<E, R>) => boolean;
export declare const singleTry: FiberRef.FiberRef<SingleTry | undefined>;
export interface SingleTry {
    readonly id: string | undefined;
    readonly context?: {
        readonly dialect?: Dialect | undefined;
        readonly target?: Target | undefined;
    } | undefined;
    readonly about: {
        host?: string | undefined;
        status?: number | undefined;
    } | undefined;
}
export declare const isJson: (contentType: string | undefined) => boolean;
export declare const isEventStream: (contentType: string | undefined) => boolean;
