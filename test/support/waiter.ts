/** A call that waits in a lane, with functions for its end. */
import type { Waiter } from "../../src/internal/rateLimiter/lane.js"

type Given = Pick<Waiter, "order" | "cost" | "deadline" | "admitted" | "refused">

/** Makes a waiter that is not in a queue yet. */
export const waiter = (given: Given): Waiter => ({
  ...given,
  heldBy: undefined,
  since: 0,
  inQueue: undefined,
  inDeadlines: undefined
})
