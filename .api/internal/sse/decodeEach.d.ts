import type * as Effect from "effect/Effect";
import * as Either from "effect/Either";
import * as Stream from "effect/Stream";
import type { Event } from "./model.js";
export declare const known: <A, E, R>(effect: Effect.Effect<A, E, R>) => Either.Either<A, E> | undefined;
export declare const decodeEach: <A, E, R, E2, R2>(events: Stream.Stream<Event, E, R2>, decodeEvent: (event: Event) => Effect.Effect<A, E2, R>) => Stream.Stream<A, E | E2, R | R2>;
