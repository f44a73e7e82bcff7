/**
 * Hedges the calls of a policy.
 *
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import { hedged, isFreeFor, valueOf } from "../hedge/hedging.js"
import type { Use as HedgeUse } from "../hedge/model.js"
import { keyOfAbout } from "../keys.js"
import type { CheckedUse } from "../rateLimiter/use.js"
import type { Options } from "./model.js"

type HedgedPolicy = Pick<Options, "about" | "hedge" | "idempotency" | "limiter" | "workload">

/** Applies the hedge of a policy to a call, if it has one. */
export const hedgedBy = <A, E, R>(policy: HedgedPolicy, call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  if (policy.hedge === undefined) return call
  const { about, idempotency = "safe", workload } = policy
  // `make` checked the options
  const { hedge, key } = policy.hedge as HedgeUse
  const limiter = policy.limiter as CheckedUse | undefined
  const named = keyOfAbout(about)
  return hedged<A, E, R, A>(call, {
    hedge,
    key: key ?? named,
    idempotency,
    isFree: limiter && (() => isFreeFor(limiter, named)),
    deadline: Duration.toMillis(workload.deadline),
    onSuccess: valueOf
  })
}
