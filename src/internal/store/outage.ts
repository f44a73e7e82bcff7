/**
 * Detection of outages of a store.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { noted } from "../telemetry/logLines.js"
import { type Slot, type Store, StoreUnavailable } from "../../Store.js"

/** Returns `modify` of a store, which logs each outage once. A defect of the store is an outage too. */
export const watched = (policy: string, store: Store, consequence: string): Store["modify"] => {
  let isOut = false
  return <S, A>(slot: Slot<S>, key: string, step: (state: S | undefined, now: number) => readonly [A, S]) =>
    Effect.matchCauseEffect(
      Effect.suspend(() => store.modify(slot, key, step)),
      {
        onSuccess: (result) => {
          isOut = false
          return Effect.succeed(result)
        },
        onFailure: (cause): Effect.Effect<A, StoreUnavailable> => {
          if (Cause.isInterruptedOnly(cause)) return Effect.interrupt
          const failure = Cause.failureOption(cause)
          const error =
            failure._tag === "Some" ? failure.value : new StoreUnavailable({ detail: "it failed unexpectedly" })
          const isFirst = !isOut
          isOut = true
          const detail = `${policy}: ${error.message}; ${consequence}`
          return Effect.zipRight(noted({ _tag: "StoreUnavailable", policy, isFirst, detail }), Effect.fail(error))
        }
      }
    )
}
