/**
 * Streams with a second copy, of which the first element decides.
 *
 * @since 0.2.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { hedged, type Hedging, valueOf } from "./hedging.js"

type Pull<A, E, R> = Effect.Effect<Chunk.Chunk<A>, Option.Option<E>, R>

/** A stream that has an element, or that has ended. */
interface Opened<A, E, R> {
  readonly scope: Scope.CloseableScope
  readonly pull: Pull<A, E, R>
  /** The first elements; absent at the end of the stream. */
  readonly first: Chunk.Chunk<A> | undefined
}

/** Returns the first elements: a chunk may be empty. */
const nonEmpty = <A, E, R>(pull: Pull<A, E, R>): Pull<A, E, R> =>
  Effect.flatMap(pull, (chunk) => (Chunk.isEmpty(chunk) ? nonEmpty(pull) : Effect.succeed(chunk)))

/** Opens a stream and reads its first elements. Its scope is part of the outer scope, which closes it in every case. */
const open = <A, E, R>(stream: Stream.Stream<A, E, R>, outer: Scope.Scope): Effect.Effect<Opened<A, E, R>, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Scope.fork(outer, ExecutionStrategy.sequential), (scope) => {
      const opened = Effect.flatMap(Scope.extend(Stream.toPull(stream), scope), (pull) =>
        Effect.matchEffect(nonEmpty(pull), {
          onFailure: Option.match({
            onNone: () => Effect.succeed<Opened<A, E, R>>({ scope, pull, first: undefined }),
            onSome: (error) => Effect.fail(error)
          }),
          onSuccess: (first) => Effect.succeed<Opened<A, E, R>>({ scope, pull, first })
        })
      )
      return Effect.onExit(restore(opened), (exit) =>
        exit._tag === "Failure" ? Scope.close(scope, exit) : Effect.void
      )
    })
  )

/** Runs a stream, and opens a second copy of it if its first element takes longer than usual. */
export const hedgedStream = <A, E, R>(
  stream: Stream.Stream<A, E, R>,
  hedging: Omit<Hedging<never, never>, "onSuccess" | "discard">
): Stream.Stream<A, E, R> =>
  Stream.fromPull(
    Effect.map(Effect.scope, (scope): Pull<A, E, R> => {
      let winner: Opened<A, E, R> | undefined
      const opened = hedged<Opened<A, E, R>, E, R, Opened<A, E, R>>(open(stream, scope), {
        ...hedging,
        onSuccess: valueOf,
        discard: (loser) => Scope.close(loser.scope, Exit.void)
      })
      const first: Pull<A, E, R> = Effect.matchEffect(opened, {
        onFailure: (error) => Effect.fail(Option.some(error)),
        onSuccess: (found) => {
          winner = found
          return found.first === undefined ? Effect.fail(Option.none()) : Effect.succeed(found.first)
        }
      })
      return Effect.suspend(() => (winner === undefined ? first : winner.pull))
    })
  )
