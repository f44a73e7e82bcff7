import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { Transition } from "../circuitBreaker/model.js"
type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>
export type Notice =
  | {
      readonly _tag: "Transition"
      readonly transition: Transition
    }
  | {
      readonly _tag: "Refused"
      readonly key: string
    }
  | {
      readonly _tag: "Paused"
      readonly key: string
      readonly millis: number
      readonly by: "failures" | "refusals"
    }
  | {
      readonly _tag: "StoreUnavailable"
      readonly policy: string
      readonly isFirst: boolean
      readonly detail: string
    }
  | {
      readonly _tag: "Resumed"
      readonly job: string
      readonly kind: string
    }
  | {
      readonly _tag: "OptimizerLost"
      readonly job: string
      readonly kind: string
      readonly resumed: number
    }
export interface Listener {
  readonly logs: boolean
  readonly receive: (notice: Notice, fiber: AnyFiber | undefined) => void
}
export declare const listening: (listener: Listener) => Effect.Effect<void, never, Scope.Scope>
export declare const hasLogs: () => boolean
export declare const notify: (notice: Notice, fiber: AnyFiber | undefined) => void
export declare const hasListeners: () => boolean
export declare const currentFiber: () => AnyFiber | undefined
export {}
