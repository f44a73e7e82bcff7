/**
 * Payment of a retry whose schedule may contain effects of the user.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { RetryBudget } from "../../RetryBudget.js"

/**
 * Returns a budget from which a schedule only checks that it would grant a retry, and the budget that pays once the decision is known.
 */
export const lookingAt = (budget: RetryBudget | undefined) => {
  if (budget === undefined) return undefined
  let wanted = false
  const withdraw = Effect.flatMap(budget.available, (available) => {
    wanted = available >= 1
    return wanted ? Effect.succeed(true) : budget.withdraw
  })
  return { budget: { ...budget, withdraw }, payer: (): RetryBudget | undefined => (wanted ? budget : undefined) }
}
