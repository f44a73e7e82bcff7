import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { type ApiError } from "../../ApiError.js";
import type { Event } from "../sse/model.js";
export declare const eventDecoder: <A, I, R>(schema: Schema.Schema<A, I, R>) => ({ data }: Event) => Effect.Effect<A, ApiError, R>;
