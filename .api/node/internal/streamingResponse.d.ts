import type * as HttpClientError from "@effect/platform/HttpClientError";
import * as Chunk from "effect/Chunk";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Stream from "effect/Stream";
import type { ApiError } from "../../ApiError.js";
import { BaseResponse, type Head } from "../../internal/http/response.js";
import { type Bytes, bytesKey } from "../../internal/sse/decoder.js";
type Pulled = Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<ApiError>>;
export declare class Source {
    #private;
    constructor(resumeSocket: () => void, cancel: () => void);
    get isAwaited(): boolean;
    push(chunk: Uint8Array): boolean;
    end(): void;
    fail(error: ApiError): void;
    readonly pull: Pulled;
    close(): void;
}
export declare class StreamingResponse extends BaseResponse {
    #private;
    constructor(head: Head, source: Source);
    get stream(): Stream.Stream<Uint8Array, HttpClientError.ResponseError>;
    [bytesKey](): Bytes | undefined;
    get bytes(): Effect.Effect<Uint8Array, HttpClientError.ResponseError>;
    get text(): Effect.Effect<string, HttpClientError.ResponseError>;
}
export {};
