import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as RuntimeFlags from "effect/RuntimeFlags";
import type { ApiError } from "../../ApiError.js";
import type { Workload, Call } from "./model.js";
export interface Sequel<A, E, B, E2, R2> {
    readonly onStart?: () => void;
    readonly onSuccess: (exit: Exit.Success<A, E>) => Effect.Effect<B, E2, R2>;
    readonly onFailure: (cause: Cause.Cause<E>) => Effect.Effect<B, E2, R2>;
    readonly onLimit: (owned: boolean) => Effect.Effect<B, E2, R2>;
    readonly onInterrupt?: () => void;
}
export declare const onLimitKey: unique symbol;
export interface WithOnLimit {
    readonly [onLimitKey]?: ((error: ApiError) => ApiError) | undefined;
}
type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>;
export declare const interruptionsOf: (fiber: AnyFiber) => unknown;
export declare const limited: <A, E, R, B, E2, R2>(effect: Effect.Effect<A, E, R>, parent: AnyFiber, flags: RuntimeFlags.RuntimeFlags, call: Call, millis: number, sequel: Sequel<A, E, B, E2, R2>) => Effect.Effect<B, E2, R | R2>;
export declare const limitedWithin: <A, E, R, B, E2, R2>(effect: Effect.Effect<A, E, R>, parent: AnyFiber, flags: RuntimeFlags.RuntimeFlags, call: Call, millis: number, sequel: Sequel<A, E, B, E2, R2>, interruptions: unknown) => Effect.Effect<Effect.Effect<B, E2, R2>, E2, R>;
export declare const limitedTo: <A, E, R, E2>(effect: Effect.Effect<A, E, R>, limit: {
    readonly millis: number;
    readonly workload?: Workload;
    readonly error: (owned: boolean) => E2;
}) => Effect.Effect<A, E | E2, R>;
export {};
