/**
 * Separates the start of a stream from the rest.
 *
 * @since 0.2.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** Waits for the first elements of a stream, then returns a stream that begins with them. */
export const awaitFirst = <A, E, R>(
  stream: Stream.Stream<A, E, R>
): Effect.Effect<Stream.Stream<A, E, R>, E, R | Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    const pull = yield* Scope.extend(Stream.toPull(stream), scope)
    // a pull may return no elements although the stream has not ended
    const elements: typeof pull = Effect.flatMap(pull, (chunk) =>
      Chunk.isEmpty(chunk) ? elements : Effect.succeed(chunk)
    )
    const first = yield* Effect.catchAll(elements, (end) =>
      Option.isSome(end) ? Effect.fail(end.value) : Effect.succeed(undefined)
    )
    const begun =
      first === undefined ? Stream.empty : Stream.concat(Stream.fromChunk(first), Stream.repeatEffectChunkOption(pull))
    return Stream.ensuringWith(begun, (exit) => Scope.close(scope, exit))
  })
