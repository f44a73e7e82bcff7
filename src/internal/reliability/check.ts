/**
 * Validation of the options of policies.
 *
 * @since 0.2.0
 */
import { checkHedgeUse } from "../hedge/hedging.js"
import { checkIdempotency } from "../http/idempotency.js"
import { checkedGates } from "./admission.js"
import type { Options } from "./model.js"

/** Returns the options with a checked limiter, breaker and hedge; throws a `RangeError` if an option is invalid. */
export const checkOptions = <R, R2>(owner: string, options: Options<R, R2>): Options<R, R2> => {
  if (options.idempotency !== undefined) checkIdempotency(owner, options.idempotency)
  const { limiter } = options
  return {
    ...options,
    ...(limiter !== undefined && "limiter" in limiter && { cost: options.cost ?? limiter.cost }),
    ...checkedGates(owner, options),
    ...(options.hedge !== undefined && { hedge: checkHedgeUse(owner, options.hedge) })
  }
}
