import * as Cookies from "@effect/platform/Cookies";
import * as Headers from "@effect/platform/Headers";
import * as HttpClientError from "@effect/platform/HttpClientError";
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest";
import * as HttpClientResponse from "@effect/platform/HttpClientResponse";
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage";
import * as UrlParams from "@effect/platform/UrlParams";
import * as Effect from "effect/Effect";
import * as Inspectable from "effect/Inspectable";
import * as Option from "effect/Option";
import * as Stream from "effect/Stream";
import { type Bounds } from "./transportHook.js";
import type { Sender } from "./sender.js";
export interface Head {
    readonly request: HttpClientRequest.HttpClientRequest;
    readonly status: number;
    readonly contentType: string | undefined;
    readonly headers: () => Headers.Headers;
    readonly cookies: () => Cookies.Cookies;
    readonly remoteAddress: string | undefined;
    readonly sender?: Sender | undefined;
}
export declare abstract class BaseResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
    #private;
    readonly head: Head;
    constructor(head: Head);
    abstract readonly bytes: Effect.Effect<Uint8Array, HttpClientError.ResponseError>;
    abstract readonly text: Effect.Effect<string, HttpClientError.ResponseError>;
    abstract readonly stream: Stream.Stream<Uint8Array, HttpClientError.ResponseError>;
    get [HttpIncomingMessage.TypeId](): HttpIncomingMessage.TypeId;
    get [HttpClientResponse.TypeId](): HttpClientResponse.TypeId;
    get request(): HttpClientRequest.HttpClientRequest;
    get status(): number;
    get remoteAddress(): Option.Option<string>;
    get headers(): Headers.Headers;
    get cookies(): Cookies.Cookies;
    get json(): Effect.Effect<unknown, HttpClientError.ResponseError>;
    get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, HttpClientError.ResponseError>;
    get formData(): Effect.Effect<FormData, HttpClientError.ResponseError>;
    get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpClientError.ResponseError>;
    failure(cause: unknown): HttpClientError.ResponseError;
    get shown(): BaseResponse;
    protected decoded<A>(evaluate: () => A): Effect.Effect<A, HttpClientError.ResponseError>;
    toJSON(): unknown;
}
export interface Body {
    readonly isLongerThan: (bytes: number) => boolean;
    readonly bytes: () => Uint8Array;
    readonly text: () => string;
}
export declare class BufferedResponse extends BaseResponse {
    #private;
    readonly body: Body;
    constructor(head: Head, body: Body);
    readText(): string;
    parse(): void;
    get parsed(): unknown;
    get json(): Effect.Effect<unknown, HttpClientError.ResponseError>;
    get text(): Effect.Effect<string, HttpClientError.ResponseError>;
    get bytes(): Effect.Effect<Uint8Array, HttpClientError.ResponseError>;
    get stream(): Stream.Stream<Uint8Array, HttpClientError.ResponseError>;
}
export declare const bodyOf: (chunks: ReadonlyArray<Uint8Array>) => Body;
export declare const sizeOf: (chunks: ReadonlyArray<Uint8Array>) => number;
export declare const concat: (chunks: ReadonlyArray<Uint8Array>) => Uint8Array;
export declare const isSuccess: (status: number) => boolean;
export declare class TooLarge {
    readonly status: number;
    readonly detail: string;
    constructor(status: number, bounds: Bounds, json: boolean);
}
export declare const readWithin: (response: HttpClientResponse.HttpClientResponse, bounds: Bounds, success?: boolean, headers?: Headers.Headers) => Effect.Effect<BufferedResponse, TooLarge | HttpClientError.ResponseError>;
