import type * as HttpClientResponse from "@effect/platform/HttpClientResponse";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type { ApiError } from "../../ApiError.js";
export declare const open: {
    readonly key: typeof Schema.String;
    readonly value: typeof Schema.Unknown;
};
export declare const maybe: <A, I>(schema: Schema.Schema<A, I>) => Schema.optional<Schema.NullOr<Schema.Schema<A, I, never>>>;
export declare const decoded: <A, I>(schema: Schema.Schema<A, I>, before?: (json: unknown) => unknown) => (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<A, ApiError>;
