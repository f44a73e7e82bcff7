import type * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as HashSet from "effect/HashSet"
import type * as Schedule from "effect/Schedule"
import type { ApiError, Delivery } from "../../ApiError.js"
import type { Pass } from "../rateLimiter/pass.js"
import type { StopReason } from "../stopReasons.js"
import type { RetryBudget } from "../../RetryBudget.js"
export type Idempotency = "safe" | "keyed" | "never"
export interface Patience {
  readonly waits: number
  readonly base: Duration.Duration
  readonly factor: number
  readonly cap: Duration.Duration
}
export interface Timeouts {
  readonly pool: Duration.Duration
  readonly connect: Duration.Duration
  readonly write: Duration.Duration
  readonly read: Duration.Duration
  readonly attempt: Duration.Duration
}
export interface StreamTimeouts {
  readonly first: Duration.Duration
  readonly idle: Duration.Duration
}
export interface Workload {
  readonly name: string
  readonly timeouts: Timeouts
  readonly stream: StreamTimeouts
  readonly deadline: Duration.Duration
  readonly retry: Schedule.Schedule<Step, unknown>
  readonly patience: Patience | undefined
}
export type Waiting = "Backoff" | "Hint" | "Patience" | "CircuitOpen" | "ReusedSocket"
export type Stopping = Exclude<StopReason, "SpentBody" | "StreamBegan">
export interface Step {
  readonly attempt: number
  readonly delay: Duration.Duration
  readonly why: Waiting | Stopping
  readonly refusedWait?: Duration.Duration | undefined
}
export interface ModelResponse {
  readonly id?: string | undefined
  readonly model?: string | undefined
  readonly finishReasons?: ReadonlyArray<string> | undefined
  readonly inputTokens?: number | undefined
  readonly outputTokens?: number | undefined
}
export interface About {
  readonly host?: string | undefined
  readonly model?: string | undefined
  readonly operation?: string | undefined
  readonly provider?: string | undefined
  readonly method?: string | undefined
  readonly status?: number | undefined
  readonly stream?: boolean | undefined
  readonly response?: ModelResponse | undefined
}
export interface Tokens {
  readonly input: number
  readonly output: number
  readonly isEstimated: boolean
}
export interface Outcome {
  readonly of: "attempt" | "call" | "stream"
  readonly workload: Workload
  readonly about: About
  readonly attempt: number
  readonly error: ApiError | undefined
  readonly why: Stopping | undefined
  readonly at: number
  readonly millis: number
  readonly composite: boolean
  readonly tokens?: Tokens | undefined
}
export interface Call {
  readonly outer: Call | undefined
  readonly workload: Workload | undefined
  readonly idempotency: Idempotency | undefined
  readonly budget: RetryBudget | undefined
  readonly clock: Clock.Clock
  endsAt: number
  readonly depth?: number | undefined
  readonly observers?: HashSet.HashSet<Observer> | undefined
  owners: number
  owned?: boolean
  pass?: Pass
  paced?: boolean
  cancelled?: Delivery
  readonly copy?: boolean
}
export type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>
export type Around = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
export interface Subject {
  readonly workload: Workload
  readonly about: About
}
export interface Begun extends Subject {
  readonly of: "call" | "stream"
  readonly at: number
}
export interface Backoff extends Subject {
  readonly error: ApiError
  readonly step: Step
  readonly millis: number
}
export interface Observed {
  readonly notify: (outcome: Outcome) => void
  readonly waits?: ((waiting: Backoff) => void) | undefined
  readonly chunks?: ((count: number, millis: number | undefined) => void) | undefined
  readonly aroundCall?: Around | undefined
  readonly aroundAttempt?: ((attempt: number) => Around) | undefined
}
export interface Observer {
  readonly late?: boolean | undefined
  readonly begin: (begun: Begun, fiber: AnyFiber) => Observed
}
