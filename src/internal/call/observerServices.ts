/**
 * Observers that need services, for clients that are made where the services are available and called where they are not.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import type * as Reliability from "../../Reliability.js"

type Observers<R> = Pick<Reliability.Options<R>, "onRetry" | "onGiveUp">

/** Provides the services of a context to observers. Their parent span is that of the call, not that of the context. */
export const withContext = <R>({ onGiveUp, onRetry }: Observers<R>, context: Context.Context<R>) => {
  const provided = <A, E>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E> =>
    Effect.mapInputContext(effect, (around: Context.Context<never>) => {
      const span = Context.getOption(around, Tracer.ParentSpan)
      const services = Context.merge(around, context)
      return span._tag === "Some" ? Context.add(services, Tracer.ParentSpan, span.value) : services
    })
  return {
    onRetry: onRetry && ((retrying: Reliability.Retrying) => provided(onRetry(retrying))),
    onGiveUp: onGiveUp && ((givenUp: Reliability.GivenUp) => provided(onGiveUp(givenUp)))
  }
}
