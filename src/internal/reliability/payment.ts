/**
 * The budget of a call, and the payment of a retry whose schedule may contain effects of the user.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { RetryBudget } from "../../RetryBudget.js"
import { currentCall } from "../call/context.js"
import type { AnyFiber } from "../call/model.js"
import type { Options } from "./model.js"

/** Returns the budget of a call, for attempts of its tokens. Without a budget of its own, that is the budget of the call around it. */
export const budgetOf = (
  { budget, cost }: Pick<Options, "budget" | "cost">,
  outer: RetryBudget | undefined
): RetryBudget | undefined => {
  const given = budget ?? outer
  return given?.options.cost === undefined || cost === undefined ? given : given.costing(cost)
}

/** Tests whether the budget of a call that a fiber makes has costs. */
export const hasCosts = (budget: RetryBudget | undefined, fiber: AnyFiber): boolean =>
  (budget ?? fiber.getFiberRef(currentCall)?.budget)?.options.cost !== undefined

/**
 * Counts a call that begins now in its budget, or returns the effect that does if only an effect can. A call within a call of the
 * same budget has been counted.
 */
export const count = (
  budget: RetryBudget | undefined,
  outer: RetryBudget | undefined,
  now: number
): Effect.Effect<void> | undefined => {
  if (budget === undefined || (budget.root ?? budget) === (outer?.root ?? outer)) return undefined
  const { atOnce, deposit } = budget
  if (atOnce?.of !== deposit) return deposit
  atOnce.deposit(now)
  return undefined
}

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
  return {
    budget: { ...budget, withdraw, root: budget.root ?? budget },
    payer: (): RetryBudget | undefined => (wanted ? budget : undefined)
  }
}
