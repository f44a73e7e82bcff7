/**
 * Decodes the events of a stream one by one, synchronously where decoding requires no effects.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { isBlank, isDone } from "./decoder.js"
import type { Event } from "./model.js"

/** Returns the effect if it is an `Either`, whose outcome is known without running it. Decoding without effects returns one. */
export const known = <A, E, R>(effect: Effect.Effect<A, E, R>): Either.Either<A, E> | undefined =>
  Either.isEither(effect) ? (effect as Either.Either<A, E>) : undefined

/** Decodes events. Skips `[DONE]` and events without data. */
export const decodeEach = <A, E, R, E2, R2>(
  events: Stream.Stream<Event, E, R2>,
  decodeEvent: (event: Event) => Effect.Effect<A, E2, R>
): Stream.Stream<A, E | E2, R | R2> => {
  type Decoded = Channel.Channel<Chunk.Chunk<A>, Chunk.Chunk<Event>, E | E2, E, void, unknown, R>
  const write = (values: Array<A>, rest: Decoded): Decoded =>
    values.length === 0 ? rest : Channel.flatMap(Channel.write(Chunk.unsafeFromArray(values)), () => rest)
  /** Emits the values before an event whose decoding fails or is asynchronous, and then that event's result. */
  const decodeFrom = (events: ReadonlyArray<Event>, start: number): Decoded => {
    const values: Array<A> = []
    for (let index = start; index < events.length; index++) {
      const event = events[index]
      if (event === undefined || isDone(event) || isBlank(event)) continue
      const effect = decodeEvent(event)
      const outcome = known(effect)
      if (outcome === undefined) {
        const next = Channel.flatMap(Channel.fromEffect(effect), (value) =>
          write(
            [value],
            Channel.suspend(() => decodeFrom(events, index + 1))
          )
        )
        return write(values, next)
      }
      if (Either.isLeft(outcome)) return write(values, Channel.fail(outcome.left))
      values.push(outcome.right)
    }
    return write(values, decoded)
  }
  const decoded: Decoded = Channel.readWithCause({
    onInput: (arrived: Chunk.Chunk<Event>) => decodeFrom(Chunk.toReadonlyArray(arrived), 0),
    onFailure: (cause: Cause.Cause<E>) => Channel.failCause(cause),
    onDone: () => Channel.void
  })
  return Stream.fromChannel(Channel.pipeTo(Stream.toChannel(events), decoded))
}
