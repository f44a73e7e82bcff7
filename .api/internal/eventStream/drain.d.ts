import * as Effect from "effect/Effect";
import type { Pull } from "../sse/decoder.js";
export declare const drain: (source: Pull) => Effect.Effect<void>;
