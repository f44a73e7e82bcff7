import * as HttpClientRequest from "@effect/platform/HttpClientRequest";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type { ApiError } from "../../../ApiError.js";
import type { Target } from "../../../internal/dialect/model.js";
import { type Call } from "../client.js";
import type { CallOptions } from "../model.js";
export declare const withOptions: (request: HttpClientRequest.HttpClientRequest, options: CallOptions) => Effect.Effect<HttpClientRequest.HttpClientRequest, ApiError>;
export declare const prepare: <A extends {
    readonly model: string;
}, I>(url: string, schema: Schema.Schema<A, I>, body: A, options: CallOptions, targetOf: (model: string) => Target | undefined, more?: object) => Effect.Effect<Call, ApiError>;
