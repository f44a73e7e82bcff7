import * as HttpClientError from "@effect/platform/HttpClientError";
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest";
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse";
import * as Effect from "effect/Effect";
import type { ApiError } from "../../ApiError.js";
import { type BaseResponse, type TooLarge } from "../http/response.js";
import type { Bounds } from "../http/transportHook.js";
export declare const toHttpClientError: (request: HttpClientRequest.HttpClientRequest, last: BaseResponse | undefined, cause: ApiError) => HttpClientError.HttpClientError;
export declare const refused: (cause: HttpClientError.ResponseError, bounds: Bounds) => Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.ResponseError | TooLarge>;
