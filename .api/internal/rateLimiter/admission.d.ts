import * as Effect from "effect/Effect";
import * as RuntimeFlags from "effect/RuntimeFlags";
import type { AnyFiber } from "../call/model.js";
import type { Entry } from "./engine.js";
import type { Pass } from "./pass.js";
import type { RateLimiter, Refused } from "./service.js";
export interface Asked<A, E, R> {
    readonly onWait: () => void;
    readonly onRefusal: (refused: Refused) => Effect.Effect<A, E, R>;
    readonly onPass: (pass: Pass, fiber: AnyFiber, flags: RuntimeFlags.RuntimeFlags, interruptions: unknown) => Effect.Effect<Effect.Effect<A, E, R>, E, R>;
}
export declare const admission: <A, E, R>(limiter: RateLimiter, entry: Entry, fiber: AnyFiber, flags: RuntimeFlags.RuntimeFlags, asked: Asked<A, E, R>) => Effect.Effect<A, E, R>;
