/** A client that asks the rate limiter before each attempt: the lanes of the module, without Effect around them. */
import { Lane, waiter } from "../../../src/internal/rateLimiter/lane.js"
import { initial } from "../../../src/internal/rateLimiter/machine.js"
import type { Report, Ticket } from "../../../src/internal/rateLimiter/model.js"
import type { Call, Policy } from "./run.js"
import type { Response } from "./servers.js"

const slack = { interactive: 0, batch: 60_000 }

interface Calling {
  readonly call: Call
  /** The place in the queue, which a retry keeps. */
  readonly order: number
  failures: number
}

const reportOf = (response: Response, streamed: boolean): Report => {
  const { hint, limits, status, timeout, usage } = response
  const kind = status === 200 ? "ok" : status === 429 ? "refused" : status === 0 || status >= 500 ? "failed" : "ok"
  return { kind, streamed, hint, limits, timeout, usage }
}

/**
 * Sends what the limiter lets go. A refused call waits out its hint and returns to its place; a failed one is retried four times
 * at most, within a budget, as far as the key is open.
 */
export const limited: Policy = ({ send, simulation }) => {
  const { random } = simulation
  const lane = new Lane(initial(), {
    now: () => simulation.now,
    random,
    setTimer: (millis, fire) => simulation.after(millis, fire),
    clearTimer: (timer) => simulation.cancel(timer)
  })
  const budget = { tokens: 20, at: 0 }
  const accrue = (calls: number) => {
    budget.tokens = Math.min(20, budget.tokens + (simulation.now - budget.at) / 1000 + calls * 0.1)
    budget.at = simulation.now
  }
  const ask = (calling: Calling): void => {
    const { call, order } = calling
    if (call.settled) return
    const ticket = lane.tryAdmit(call.cost)
    if (ticket !== undefined) return go(calling, ticket)
    lane.wait(
      waiter({
        order,
        cost: call.cost,
        deadline: call.deadline,
        admitted: (granted) => go(calling, granted),
        refused: ({ why }) => call.settle(false, why)
      })
    )
  }
  const later = (calling: Calling, millis: number): void => {
    if (simulation.now + millis >= calling.call.deadline) calling.call.settle(false, "deadline")
    else simulation.after(millis, () => ask(calling))
  }
  const retry = (calling: Calling, response: Response, kind: Report["kind"]): void => {
    const { call } = calling
    const { hint } = response
    if (kind === "refused") return hint === undefined ? ask(calling) : later(calling, hint)
    // the key is shut: waiting costs nothing
    if (lane.state.until > simulation.now) return ask(calling)
    accrue(0)
    if (++calling.failures >= 5) return call.settle(false, "attempts")
    if (budget.tokens < 1) return call.settle(false, "budget")
    budget.tokens -= 1
    later(calling, Math.max(hint ?? 0, random() * Math.min(8000, 500 * 2 ** calling.failures)))
  }
  const go = (calling: Calling, ticket: Ticket): void => {
    let streamed = false
    send(calling.call, {
      head: ({ limits, status, stream }) => {
        if (stream !== true || status !== 200) return
        streamed = true
        lane.record(ticket, { kind: "first", limits })
      },
      end: (response) => {
        const report = reportOf(response, streamed)
        lane.record(ticket, report)
        if (calling.call.settled) return
        if (report.kind === "ok") calling.call.settle(true)
        else retry(calling, response, report.kind)
      }
    })
  }
  return {
    call: (call) => {
      accrue(1)
      ask({ call, order: simulation.now + slack[call.class], failures: 0 })
    }
  }
}
