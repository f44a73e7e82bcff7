/**
 * The types of simulations.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { ApiError } from "../../../ApiError.js"
import type * as Reliability from "../../../Reliability.js"
import type { Workload } from "../../../Workload.js"

// --- Calls ---------------------------------------------------------------------------------------

/**
 * The tokens of a call.
 *
 * @since 0.2.0
 * @category model
 */
export interface Size {
  /** The input tokens. */
  readonly input: number
  /** The output tokens, which the client does not know in advance. */
  readonly output: number
  /** The `max_tokens` of the request. @default none */
  readonly maxOutput?: number | undefined
}

/**
 * A logical call, as a policy sees it.
 *
 * @since 0.2.0
 * @category model
 */
export interface Call {
  /** The number of the call, from 0 on. */
  readonly id: number
  /** The class of the load that the call belongs to. */
  readonly class: string
  /** The number of the client process, from 0 on. */
  readonly process: number
  readonly input: number
  readonly maxOutput: number | undefined
}

/**
 * A successful response of a model of a server.
 *
 * @since 0.2.0
 * @category model
 */
export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

// --- Load ----------------------------------------------------------------------------------------

/**
 * Options that both kinds of load have.
 *
 * @since 0.2.0
 * @category model
 */
export interface LoadOptions {
  /** The class of the calls. @default "interactive" */
  readonly class?: string | undefined
  /** Returns the tokens of a call; `random` returns numbers from [0, 1). @default one token of input and one of output */
  readonly sizes?: ((random: () => number) => Size) | undefined
  /** The time after which the caller gives up. @default none: only the policy limits a call */
  readonly deadline?: Duration.DurationInput | undefined
  /** The time at which the load begins. @default 0 */
  readonly from?: Duration.DurationInput | undefined
  /** The time at which the load ends. @default the end of the simulation */
  readonly to?: Duration.DurationInput | undefined
  /** The time between the beginnings of the load in one process and in the next one. @default 0 */
  readonly stagger?: Duration.DurationInput | undefined
}

/**
 * A closed loop: workers that call again once they have a result.
 *
 * @since 0.2.0
 * @category model
 */
export interface ClosedLoad extends LoadOptions {
  /** The number of workers in each process, at least 1. */
  readonly workers: number
  readonly perSecond?: undefined
  /** The pause of a worker after a success. @default 0 */
  readonly think?: Duration.DurationInput | undefined
  /** The pause of a worker after a failure. @default "1 second" */
  readonly afterFailure?: Duration.DurationInput | undefined
}

/**
 * An open loop: calls that arrive at random and independently of each other, whether earlier ones have ended or not.
 *
 * @since 0.2.0
 * @category model
 */
export interface OpenLoad extends LoadOptions {
  /** The mean number of calls per second in each process, above 0. */
  readonly perSecond: number
  readonly workers?: undefined
}

/**
 * The calls that clients make.
 *
 * @since 0.2.0
 * @category model
 */
export type Load = ClosedLoad | OpenLoad

// --- Servers -------------------------------------------------------------------------------------

/**
 * The state of a server when it begins to process a request.
 *
 * @since 0.2.0
 * @category model
 */
export interface ServerState {
  /** Returns a number from [0, 1). */
  readonly random: () => number
  /** The requests in progress, this one included. */
  readonly active: number
  /** The requests that wait for a slot. */
  readonly queued: number
  /** The slots; Infinity for a server without slots. */
  readonly slots: number
}

/**
 * The time that a server takes for a request.
 *
 * @since 0.2.0
 * @category model
 */
export type Latency = Duration.DurationInput | ((state: ServerState) => Duration.DurationInput)

/**
 * A period of a simulation.
 *
 * @since 0.2.0
 * @category model
 */
export interface Period {
  readonly from: Duration.DurationInput
  readonly to: Duration.DurationInput
}

/**
 * A period in which a server refuses all requests, or does not respond.
 *
 * @since 0.2.0
 * @category model
 */
export interface Outage extends Period {
  /** The status of all responses, or `"hang"` for a server that never responds. @default 503 */
  readonly status?: number | "hang" | undefined
  /** True if responses name the rest of the outage in `Retry-After`. @default false */
  readonly announced?: boolean | undefined
}

/**
 * A period in which a server is slow.
 *
 * @since 0.2.0
 * @category model
 */
export interface BrownOut extends Period {
  /** The factor of the latency, at least 1. */
  readonly factor: number
}

/**
 * A period in which a share of all requests fails at random.
 *
 * @since 0.2.0
 * @category model
 */
export interface ErrorShare extends Partial<Period> {
  /** The share that fails, from 0 to 1. */
  readonly share: number
  /** The status of these responses. @default 500 */
  readonly status?: number | undefined
}

/**
 * The headers in which a server names its limits.
 *
 * @since 0.2.0
 * @category model
 */
export type HeaderStyle = "none" | "ietf" | "openai" | "anthropic" | "fireworks"

/**
 * Options of all models of servers.
 *
 * @since 0.2.0
 * @category model
 */
export interface ServerOptions {
  /** The form of the server hint of a refusal, as in `Fault.rateLimit`. @default "none" */
  readonly hint?: "none" | "seconds" | "millis" | "date" | undefined
  /** The headers that name limits. @default "none" */
  readonly headers?: HeaderStyle | undefined
  /** The factor by which these headers are wrong. @default 1 */
  readonly misstated?: number | undefined
  /** @default none */
  readonly outages?: ReadonlyArray<Outage> | undefined
  /** @default none */
  readonly brownOuts?: ReadonlyArray<BrownOut> | undefined
  /** @default none */
  readonly errors?: ReadonlyArray<ErrorShare> | undefined
}

/**
 * Options of `bucket`.
 *
 * @since 0.2.0
 * @category model
 */
export interface BucketOptions extends ServerOptions {
  /** The number of requests per second that are admitted, above 0. */
  readonly perSecond: number
  /** The number of requests that are admitted at once, at least 1. @default a fifth of a second, at least 1 */
  readonly burst?: number | undefined
  /** The interval of a fixed window, in place of a bucket. @default none */
  readonly window?: Duration.DurationInput | undefined
  /** @default 8 to 12 milliseconds */
  readonly latency?: Latency | undefined
  /** Changes of the limit. @default none */
  readonly changes?: ReadonlyArray<{ readonly at: Duration.DurationInput; readonly perSecond: number }> | undefined
  /** A limit that grows by a quarter after each interval in which more than half of it was used. @default none */
  readonly growth?: { readonly every: Duration.DurationInput; readonly max: number } | undefined
}

/**
 * The limits of `tokens`, each per minute.
 *
 * @since 0.2.0
 * @category model
 */
export interface TokenLimits {
  readonly requests: number
  readonly input: number
  readonly output: number
}

/**
 * Options of `tokens`.
 *
 * @since 0.2.0
 * @category model
 */
export interface TokensOptions extends ServerOptions {
  /** The limits per minute. @default 600 requests, 600 000 input tokens and 120 000 output tokens */
  readonly perMinute?: Partial<TokenLimits> | undefined
  /** The time whose tokens can be used at once. @default "10 seconds" */
  readonly burst?: Duration.DurationInput | undefined
  /** The time to the first token. @default 300 milliseconds */
  readonly latency?: Latency | undefined
  /** The output tokens per second of one response. @default 80 */
  readonly speed?: number | undefined
  /** True if the headers of the response arrive with the first token. @default true */
  readonly stream?: boolean | undefined
  /** Changes of the limits. @default none */
  readonly changes?:
    | ReadonlyArray<{ readonly at: Duration.DurationInput; readonly perMinute: Partial<TokenLimits> }>
    | undefined
}

/**
 * Options of `slots`.
 *
 * @since 0.2.0
 * @category model
 */
export interface SlotsOptions extends ServerOptions {
  /** The requests that are processed at once, at least 1. @default 32 */
  readonly slots?: number | undefined
  /** The requests that may wait for a slot. @default 32 */
  readonly queue?: number | undefined
  /** The status of the responses to further requests. @default 429 */
  readonly status?: number | undefined
  /** The time that a request takes. @default lognormal around 2 seconds, half of that if idle */
  readonly latency?: Latency | undefined
  /** The share of the time that passes before the headers of a stream; 1 if the response is not streamed. @default 0.15 */
  readonly firstByte?: number | undefined
  /** Changes of the server. @default none */
  readonly changes?:
    | ReadonlyArray<{
        readonly at: Duration.DurationInput
        readonly slots?: number | undefined
        readonly latency?: Latency | undefined
      }>
    | undefined
}

// --- Policies ------------------------------------------------------------------------------------

/**
 * A function that makes a call of an attempt, such as `Effect.retry` with its options. It is called once for each call.
 *
 * @since 0.2.0
 * @category model
 */
export interface Apply<A, E, R, R2 = R> {
  (attempt: Effect.Effect<A, E, R>, call: Call): Effect.Effect<unknown, unknown, R2>
}

/**
 * A workload or a policy of `Reliability`, or a function.
 *
 * @since 0.2.0
 * @category model
 */
export type Instance<A = Response, E = ApiError, R = never, R2 = R> =
  | Workload
  | Reliability.Policy<R2>
  | Apply<A, E, R, R2>

/**
 * The code of clients around each attempt. An effect runs once for each client process, so that processes share nothing.
 *
 * @since 0.2.0
 * @category model
 */
export type Policy<A = Response, E = ApiError, R = never, R2 = R, EX = never, RX = never> =
  | Instance<A, E, R, R2>
  | Effect.Effect<Instance<A, E, R, R2>, EX, RX>
