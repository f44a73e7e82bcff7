/**
 * Events of policies, stores and jobs, which no single call owns, and the listeners that telemetry installs for them.
 *
 * A circuit or a limiter serves many calls, and a store is read by fibers without a call. Therefore every listener in the process
 * receives every notice.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Transition } from "../circuitBreaker/model.js"

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** An event that no single call owns. */
export type Notice =
  | { readonly _tag: "Transition"; readonly transition: Transition }
  /** A circuit refused a call. */
  | { readonly _tag: "Refused"; readonly key: string }
  /** A limiter holds back all calls of a key. Sent once, until the server accepts a call again. */
  | { readonly _tag: "Paused"; readonly key: string; readonly millis: number; readonly by: "failures" | "refusals" }
  /** A store is unavailable to a policy. Sent for each step; `isFirst` marks the start of an outage. */
  | {
      readonly _tag: "StoreUnavailable"
      /** The module of the policy, such as `RateLimiter`. */
      readonly policy: string
      readonly isFirst: boolean
      /** The error and its consequence, in one line without secrets. */
      readonly detail: string
    }
  /** The server accepted a request to resume a job. */
  | { readonly _tag: "Resumed"; readonly job: string; readonly kind: string }
  /** An interrupted trainer runs again, and no checkpoint has the state of its optimizer. */
  | { readonly _tag: "OptimizerLost"; readonly job: string; readonly kind: string; readonly resumed: number }

/** A listener. It must not throw; exceptions are ignored. */
export interface Listener {
  /** True if the listener logs notices, so that their origins do not log them too. */
  readonly logs: boolean
  readonly receive: (notice: Notice, fiber: AnyFiber | undefined) => void
}

/** The listeners, and how often each of them was added. */
const listeners = /*#__PURE__*/ globalValue(
  /*#__PURE__*/ Symbol.for("effect-reliability/Telemetry/listeners"),
  () => new Map<Listener, number>()
)

const count = (listener: Listener, difference: 1 | -1): void => {
  const next = (listeners.get(listener) ?? 0) + difference
  if (next === 0) listeners.delete(listener)
  else listeners.set(listener, next)
}

/** Adds a listener until the scope closes. A listener that was added twice receives each notice once. */
export const listening = (listener: Listener): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => count(listener, 1)),
    () => Effect.sync(() => count(listener, -1))
  )

/** True if a listener logs notices. */
export const hasLogs = (): boolean => {
  for (const { logs } of listeners.keys()) if (logs) return true
  return false
}

/** Sends a notice to all listeners. */
export const notify = (notice: Notice, fiber: AnyFiber | undefined): void => {
  for (const { receive } of listeners.keys()) {
    try {
      receive(notice, fiber)
    } catch {
      // an exception of a listener must not fail the call
    }
  }
}

/** Tests whether a notice would be received. */
export const hasListeners = (): boolean => listeners.size > 0

/** Returns the fiber that runs now, for synchronous code that knows none. */
export const currentFiber = (): AnyFiber | undefined => Option.getOrUndefined(Fiber.getCurrentFiber())
