import * as HttpBody from "@effect/platform/HttpBody";
import * as HttpClientRequest from "@effect/platform/HttpClientRequest";
import * as Effect from "effect/Effect";
import type * as Tracer from "effect/Tracer";
import { type ApiError } from "../../ApiError.js";
import type { Call } from "../call/model.js";
import type { SingleTry } from "../http/transportHook.js";
import type { Pass } from "../rateLimiter/pass.js";
type Request = HttpClientRequest.HttpClientRequest;
export declare const replayables: WeakSet<HttpBody.HttpBody>;
export declare class OutgoingRequest {
    #private;
    request: Request;
    context: SingleTry["context"];
    about: {
        host?: string | undefined;
        status?: number | undefined;
    } | undefined;
    pass: Pass | undefined;
    streamed: boolean;
    constructor(request: Request);
    prepare(request: Request, trace: Tracer.AnySpan | undefined, call: Call | undefined): Request;
    get spent(): boolean;
    guard<A, R>(attempts: number, effect: Effect.Effect<A, ApiError, R>): Effect.Effect<A, ApiError, R>;
}
export {};
