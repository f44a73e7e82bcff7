import type * as HttpClientResponse from "@effect/platform/HttpClientResponse";
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { ApiError } from "../../ApiError.js";
import { type Bounds } from "../../internal/http/transportHook.js";
import type { Failure } from "./connect.js";
import type { Dispatching, Handler, Limits, Sending } from "./model.js";
import { type Attempt, type Connection, type Origin, type Waiter } from "./pool.js";
type Result = Effect.Effect<HttpClientResponse.HttpClientResponse, ApiError>;
export declare class RequestHandler implements Waiter, Handler {
    #private;
    attempt: Attempt | undefined;
    isFresh: boolean;
    constructor(sending: Sending, limits: Limits, clock: Clock.Clock, bounds: Bounds | undefined, resume: (result: Result) => void);
    start(origin: Origin): void;
    startOn(dispatcher: Dispatching, others: Set<RequestHandler>): void;
    onConnecting(): void;
    onFailure(failure: Failure): void;
    onConnection(connection: Connection): void;
    cancel(): void;
    onRequestStart(controller: Dispatcher.DispatchController): void;
    onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void;
    onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void;
    onResponseEnd(): void;
    onResponseError(_controller: Dispatcher.DispatchController, cause: unknown): void;
}
export {};
