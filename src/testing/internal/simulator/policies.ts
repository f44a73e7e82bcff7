/**
 * The policies that simulations compare by name.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as RateLimiter from "../../../RateLimiter.js"
import * as Reliability from "../../../Reliability.js"
import * as Retry from "../../../Retry.js"
import * as RetryBudget from "../../../RetryBudget.js"
import * as Workload from "../../../Workload.js"
import type { ApiError } from "../../../ApiError.js"
import type { Apply, Policy, Response } from "./model.js"

/** Makes the policy of this package, with a workload: a retry budget and a rate limiter for each process. */
export const toolkit = (workload: Workload.Workload): Effect.Effect<Apply<Response, ApiError, never>> =>
  Effect.map(Effect.all([RetryBudget.make(), RateLimiter.make()]), ([budget, limiter]) => (attempt, call) => {
    const { input, maxOutput } = call
    const known = Object.hasOwn(limiter.classes, call.class) ? call.class : "interactive"
    const use = { limiter, key: "server", cost: { input, maxOutput }, class: known }
    return Reliability.protect(attempt, Reliability.make({ workload, budget, limiter: use }))
  })

/** One attempt per call. */
const none: Policy = (attempt) => attempt

const sdk: Policy = /*#__PURE__*/ Workload.make({
  name: "sdk",
  timeouts: { attempt: "10 minutes" },
  retry: Retry.sdk
})

/**
 * Policies to compare others with.
 *
 * - `none`: one attempt per call.
 * - `documented`: `Workload.interactive`, with the retry loop of the Fireworks reliability guide.
 * - `sdk`: the retries of the official SDKs, `Retry.sdk`, with their timeout of ten minutes.
 * - `toolkit`: `Workload.interactive` with a `RetryBudget` and a `RateLimiter` for each process.
 *
 * @since 0.2.0
 * @category constants
 */
export const policies: { readonly [_ in "none" | "documented" | "sdk" | "toolkit"]: Policy } = {
  none,
  documented: Workload.interactive,
  sdk,
  toolkit: /*#__PURE__*/ toolkit(Workload.interactive)
}
