/**
 * Dedicated deployments: read and set their replicas, wait until they serve requests, and add replicas when they are saturated.
 *
 * A `READY` deployment may still have no replica, or no route to it. A deployment that responds with 429 has too few replicas,
 * and waiting does not help. Replicas cost money by the second: `scaleOutOn429` adds them only up to the given `maxReplicas`.
 *
 * | call | default workload | repeated |
 * | --- | --- | --- |
 * | `get`, `list` | `Workload.interactive` | yes |
 * | `scale`, `setAutoscaling` | `Workload.interactive` | yes; a repetition has no further effect |
 * | a poll of `awaitReady` | two attempts within a minute; the next poll is a separate call | yes |
 * | `scaleOutOn429` | one attempt within 25 seconds, then a pause | never for more replicas than the first request |
 *
 * Our choices where the provider's documentation is silent or contradictory:
 *
 * - According to the provider's SDK, a `PATCH` without `updateMask` replaces all fields. The API description has no such
 *   parameter. This module always sends an `updateMask` of exactly the given fields.
 * - The API description marks `baseModel` as required in a `PATCH`. This module does not send it, and neither does the
 *   provider's SDK. To send an unchanged value, it would have to read the deployment first, which can change in between.
 * - It is not documented whether `:scale` may exceed `maxReplicaCount`. `scaleOutOn429` never exceeds it.
 * - A count that is missing in `replicaStats` is zero, because the JSON of protocol buffers omits zeros. A missing
 *   `maxReplicaCount` is unknown: it can be 0 or the server's default. `awaitReady` waits for such a deployment, and its
 *   timeout error mentions `maxReplicaCount`.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { type ApiError, isApiError, settle } from "../ApiError.js"
import * as Deadline from "../Deadline.js"
import { unsafeMake } from "../internal/apiError/unsafeMake.js"
import { detached } from "../internal/call/context.js"
import { fromException } from "../internal/classify/fromException.js"
import { clockOf, monotonic, monotonicMillis } from "../internal/clock.js"
import * as watching from "../internal/job/watching.js"
import { duration, number, refuse } from "../internal/options.js"
import { redact } from "../internal/redact.js"
import type * as Job from "../Job.js"
import * as Retry from "../Retry.js"
import * as Workload from "../Workload.js"
import * as Fireworks from "./Fireworks.js"
import { type Control, controlOf } from "./internal/control.js"
import { maybe, open } from "./internal/decoded.js"
import { changeOf } from "./internal/deployments/autoscaling.js"
import type { Outcome as ScalingOutcome } from "./internal/deployments/model.js"
import type { Autoscaling, Decision } from "./internal/deployments/model.js"
import * as Scaling from "./internal/deployments/scaling.js"
import {
  type Call,
  call,
  checkId,
  Count,
  idOf as lastOf,
  listed,
  looking,
  pageSizeOf,
  whyOf
} from "./internal/jobs/lifecycle.js"

export type { ScalingSchedule, Autoscaling, Decision } from "./internal/deployments/model.js"

// -------------------------------------------------------------------------------------------------
// Schemas
// -------------------------------------------------------------------------------------------------

const ReplicaStatsStruct = /*#__PURE__*/ Schema.Struct(
  {
    pendingSchedulingReplicaCount: /*#__PURE__*/ maybe(Count),
    downloadingModelReplicaCount: /*#__PURE__*/ maybe(Count),
    initializingReplicaCount: /*#__PURE__*/ maybe(Count),
    readyReplicaCount: /*#__PURE__*/ maybe(Count)
  },
  open
)

/**
 * The numbers of a deployment's replicas by state. Decoding keeps unknown fields.
 *
 * @since 0.2.0
 * @category model
 */
export interface ReplicaStats extends Schema.Schema.Type<typeof ReplicaStatsStruct> {}

/**
 * The JSON form of `ReplicaStats`.
 *
 * @since 0.2.0
 * @category model
 */
export interface ReplicaStatsEncoded extends Schema.Schema.Encoded<typeof ReplicaStatsStruct> {}

/**
 * The numbers of a deployment's replicas by state. Decoding keeps unknown fields.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ReplicaStats: Schema.Schema<ReplicaStats, ReplicaStatsEncoded> = ReplicaStatsStruct

const DeploymentStruct = /*#__PURE__*/ Schema.Struct(
  {
    /** The full name, `accounts/{account}/deployments/{id}`; also the `model` of requests to it. See `idOf`. */
    name: Schema.String,
    /** The state, possibly with a prefix; see `stateOf`. */
    state: /*#__PURE__*/ maybe(Schema.String),
    status: /*#__PURE__*/ maybe(
      /*#__PURE__*/ Schema.Struct(
        {
          code: /*#__PURE__*/ maybe(/*#__PURE__*/ Schema.Union(Schema.String, Schema.Number)),
          message: /*#__PURE__*/ maybe(Schema.String)
        },
        open
      )
    ),
    baseModel: /*#__PURE__*/ maybe(Schema.String),
    minReplicaCount: /*#__PURE__*/ maybe(Count),
    maxReplicaCount: /*#__PURE__*/ maybe(Count),
    desiredReplicaCount: /*#__PURE__*/ maybe(Count),
    replicaCount: /*#__PURE__*/ maybe(Count),
    replicaStats: /*#__PURE__*/ maybe(ReplicaStats),
    /** The policy in its JSON form, with durations such as `"30s"`. */
    autoscalingPolicy: /*#__PURE__*/ maybe(/*#__PURE__*/ Schema.Record({ key: Schema.String, value: Schema.Unknown }))
  },
  open
)

/**
 * A deployment.
 *
 * @since 0.1.0
 * @category model
 */
export interface Deployment extends Schema.Schema.Type<typeof DeploymentStruct> {}

/**
 * The JSON form of `Deployment`.
 *
 * @since 0.2.0
 * @category model
 */
export interface DeploymentEncoded extends Schema.Schema.Encoded<typeof DeploymentStruct> {}

/**
 * A deployment. Decoding keeps unknown fields.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Deployment: Schema.Schema<Deployment, DeploymentEncoded> = DeploymentStruct

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * Options of `get`, `scale` and `setAutoscaling`.
 *
 * @since 0.1.0
 * @category model
 */
export interface CallOptions {
  /** The workload of this call. @default `Workload.interactive` */
  readonly workload?: Workload.Workload | undefined
}

/**
 * Options of `list`.
 *
 * @since 0.1.0
 * @category model
 */
export interface ListOptions extends CallOptions {
  /** The number of deployments per page, from 1 to 200. @default 50 */
  readonly pageSize?: number | undefined
  /** A filter in the syntax of AIP-160. @default all deployments */
  readonly filter?: string | undefined
  /** The order, such as `create_time desc`. @default the order of the server */
  readonly orderBy?: string | undefined
}

/**
 * Options of `awaitReady`. A poll gets the deployment, and sends it a probe request unless it can never become ready.
 *
 * @since 0.1.0
 * @category model
 */
export interface AwaitOptions<in out R = never> extends Pick<Job.WatchOptions, "jitter" | "unseen"> {
  /** The first wait between polls, at least 1 ms. @default 15 seconds */
  readonly interval?: Duration.DurationInput | undefined
  /** The factor by which each wait grows, at least 1. @default 1.25 */
  readonly factor?: number | undefined
  /** The longest wait, at least `interval`. @default 1 minute, or `interval` if that is longer */
  readonly cap?: Duration.DurationInput | undefined
  /** The total time to wait while the control plane can be reached; may be infinite. @default 10 minutes */
  readonly timeout?: Duration.DurationInput | undefined
  /** The longest single loss of contact with the control plane; may be infinite. @default `timeout` */
  readonly outage?: Duration.DurationInput | undefined
  /**
   * The probe: a request to the deployment that must succeed. `model` is the deployment's full name. Set it if the deployment
   * does not serve chats. A probe may take one minute, or the rest of `timeout` if that is less.
   * @default a chat of one token
   */
  readonly probe?: ((model: string) => Effect.Effect<unknown, ApiError, R>) | undefined
  /** The workload of the call that gets the deployment. @default two attempts within a minute */
  readonly workload?: Workload.Workload | undefined
}

/**
 * Options of `scaleOutOn429`.
 *
 * @since 0.1.0
 * @category model
 */
export interface ScaleOutOptions<in out R = never> {
  /** The maximum number of replicas to request, at least 1. The deployment's `maxReplicaCount` is a further limit. */
  readonly maxReplicas: number
  /** The number of replicas to add at once, at least 1. @default 1 */
  readonly step?: number | undefined
  /**
   * The condition for adding replicas: at least `errors` capacity errors within the time `within`, with at least one in each
   * quarter of it. `errors` is at least 1, `within` at least 1 second. @default 10 within 1 minute
   */
  readonly after?:
    | { readonly errors?: number | undefined; readonly within?: Duration.DurationInput | undefined }
    | undefined
  /** The minimum time between two scale-outs, at least `after.within`. @default 10 minutes, or `after.within` if longer */
  readonly every?: Duration.DurationInput | undefined
  /** The minimum time before a deployment that was not ready or not reachable is read again, at least 1 s. @default 1 minute */
  readonly pause?: Duration.DurationInput | undefined
  /** If true, decisions are only reported, and no replicas are requested. @default false */
  readonly dryRun?: boolean | undefined
  /** Runs in the background after each decision. Its failures are ignored. @default nothing */
  readonly onDecision?: ((decision: Decision) => Effect.Effect<unknown, unknown, R>) | undefined
  /** The workload of each call to the control plane. @default one attempt within 25 seconds */
  readonly workload?: Workload.Workload | undefined
}

/**
 * Adds replicas to a deployment; made by `scaleOutOn429`.
 *
 * @since 0.1.0
 * @category model
 */
export interface ScaleOut {
  /** Counts an error of a call to the deployment if its reason is `Capacity`. Returns at once, and never fails. */
  readonly observe: (error: ApiError) => Effect.Effect<void>
  /** Counts the final error of an effect. To count each attempt, call `observe` in `onRetry` and `onGiveUp`. */
  readonly watch: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** The latest decisions, at most 100, oldest first. */
  readonly decisions: Effect.Effect<ReadonlyArray<Decision>>
}

// -------------------------------------------------------------------------------------------------
// Errors
// -------------------------------------------------------------------------------------------------

/**
 * The error of `awaitReady` for a deployment in the state `FAILED`, which will not become ready.
 *
 * @since 0.1.0
 * @category errors
 */
export class DeploymentFailed extends Schema.TaggedError<DeploymentFailed>(
  "effect-reliability/fireworks/DeploymentFailed"
)("DeploymentFailed", {
  id: Schema.String,
  code: Schema.optional(Schema.String),
  /** The message of the deployment's status, with secrets and account ids masked. */
  detail: Schema.optional(Schema.String)
}) {
  /** The id of the deployment, and the code and message of its status. */
  override get message(): string {
    return `the deployment ${this.id} has failed${this.code === undefined ? "" : ` (${this.code})`}${this.detail === undefined ? "" : `: ${this.detail}`}`
  }
}

// -------------------------------------------------------------------------------------------------
// Reading a deployment
// -------------------------------------------------------------------------------------------------

/**
 * Returns the id of a deployment: the last part of its name.
 *
 * @since 0.1.0
 * @category getters
 */
export const idOf = (deployment: Deployment): string => lastOf(deployment)

/**
 * Returns the state of a deployment, such as `READY`, or `UNSPECIFIED` if it has none. Unknown states are returned too.
 *
 * @since 0.1.0
 * @category getters
 */
export const stateOf = ({ state }: Deployment): string => (state ?? "").replace(/^STATE_/, "") || "UNSPECIFIED"

/**
 * Returns the desired, ready and maximum numbers of a deployment's replicas. A number that is not reported is undefined.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Deployments } from "effect-reliability/fireworks"
 *
 * const name = "accounts/me/deployments/d"
 * const starting = { name, state: "READY", desiredReplicaCount: 1, replicaStats: {}, maxReplicaCount: 2 }
 * assert.deepStrictEqual(Deployments.replicasOf(starting), { wanted: 1, ready: 0, max: 2 })
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const replicasOf = (
  deployment: Deployment
): { readonly wanted: number | undefined; readonly ready: number | undefined; readonly max: number | undefined } => {
  const { desiredReplicaCount, maxReplicaCount, replicaCount, replicaStats } = deployment
  const ready = replicaStats ? (replicaStats.readyReplicaCount ?? 0) : undefined
  return { wanted: desiredReplicaCount ?? replicaCount ?? ready, ready, max: maxReplicaCount ?? undefined }
}

const removed: ReadonlySet<string> = /*#__PURE__*/ new Set(["DELETING", "DELETED"])

const fatal = (reason: "NotFound" | "PreconditionFailed" | "Decode", detail: string, remedy?: string): ApiError =>
  unsafeMake({ class: "Fatal", reason }, { delivery: "Acknowledged", attempts: 1, detail, remedy })

/** Fails if a deployment will never serve requests. */
const endOf = (deployment: Deployment, { masked }: Control): Either.Either<void, ApiError | DeploymentFailed> => {
  const state = stateOf(deployment)
  const { max, ready } = replicasOf(deployment)
  if (removed.has(state)) return Either.left(fatal("NotFound", `the deployment is ${state}`))
  if (state === "FAILED") {
    const { code, message } = whyOf(deployment)
    const detail = message && redact(masked(message))
    return Either.left(new DeploymentFailed({ id: idOf(deployment), code, detail }))
  }
  return max === 0 && !ready
    ? Either.left(fatal("PreconditionFailed", "its maxReplicaCount is 0", "Raise maxReplicaCount with setAutoscaling."))
    : Either.void
}

// -------------------------------------------------------------------------------------------------
// Calls
// -------------------------------------------------------------------------------------------------

const path = "/deployments"

const getDeployment = (id: string, workload: Workload.Workload = Workload.interactive): Call<Deployment> =>
  Effect.flatMap(checkId(id), (id) => call(HttpClientRequest.get(`${path}/${id}`), Deployment, workload))

const patched = <A, I>(
  url: (id: string) => string,
  schema: Schema.Schema<A, I>,
  id: string,
  body: object,
  { workload = Workload.interactive }: CallOptions,
  mask?: string
): Call<A> =>
  Effect.flatMap(checkId(id), (id) =>
    HttpClientRequest.patch(`${path}/${url(id)}`).pipe(
      HttpClientRequest.bodyUnsafeJson(body),
      mask === undefined ? (request) => request : HttpClientRequest.setUrlParam("updateMask", mask),
      (request) => call(request, schema, workload, "safe")
    )
  )

/**
 * Gets a deployment by id. Fails with `NotFound` if no deployment has the id.
 *
 * @since 0.1.0
 * @category getters
 */
export const get = (id: string, options: CallOptions = {}): Call<Deployment> => getDeployment(id, options.workload)

/**
 * Returns a stream of the account's deployments. Pages are fetched on demand.
 *
 * @since 0.1.0
 * @category getters
 */
export const list = (options: ListOptions = {}): Stream.Stream<Deployment, ApiError, Fireworks.Fireworks> => {
  const { filter, orderBy, workload = Workload.interactive } = options
  const pageSize = pageSizeOf("Deployments.list", options.pageSize)
  return listed({ path, key: "deployments", schema: Deployment, workload, parameters: { pageSize, filter, orderBy } })
}

/**
 * Sets the desired number of a deployment's replicas, and changes no other setting. Autoscaling continues from that number.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer, Redacted } from "effect"
 * import { Deployments, Fireworks } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const Live = Fireworks.layer({ apiKey: Redacted.make("fw-test-key"), accountId: "acme" }).pipe(
 *   Layer.provide(FireworksServer.layerInMemory({ deployments: { ours: { maxReplicaCount: 4 } } }))
 * )
 *
 * const program = Effect.zipRight(Deployments.scale("ours", 2), Deployments.get("ours"))
 *
 * const deployment = await Effect.runPromise(program.pipe(Effect.provide(Live)))
 * assert.strictEqual(Deployments.replicasOf(deployment).wanted, 2)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const scale = (id: string, replicaCount: number, options: CallOptions = {}): Call<void> => {
  number("Deployments.scale", "replicaCount", replicaCount, { integer: true })
  return Effect.asVoid(patched((id) => `${id}:scale`, Schema.Unknown, id, { replicaCount }, options))
}

/**
 * Changes the autoscaling of a deployment. Only the given fields are changed.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer, Redacted } from "effect"
 * import { Deployments, Fireworks } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const Live = Fireworks.layer({ apiKey: Redacted.make("fw-test-key"), accountId: "acme" }).pipe(
 *   Layer.provide(FireworksServer.layerInMemory({ deployments: { ours: { minReplicaCount: 1, maxReplicaCount: 4 } } }))
 * )
 *
 * const program = Deployments.setAutoscaling("ours", { maxReplicaCount: 8, scaleDownWindow: "20 minutes" })
 *
 * const deployment = await Effect.runPromise(program.pipe(Effect.provide(Live)))
 * assert.deepStrictEqual([deployment.minReplicaCount, deployment.maxReplicaCount], [1, 8])
 * assert.deepStrictEqual(deployment.autoscalingPolicy, { scaleDownWindow: "1200s" })
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const setAutoscaling = (id: string, autoscaling: Autoscaling, options: CallOptions = {}): Call<Deployment> => {
  const { body, mask } = changeOf("Deployments.setAutoscaling", autoscaling)
  return patched((id) => id, Deployment, id, body, options, mask)
}

const modelOf = (id: string): Effect.Effect<string, ApiError, Fireworks.Fireworks> =>
  Effect.flatMap(Fireworks.Fireworks, (fireworks) =>
    Effect.map(controlOf(fireworks).accountId, (account) => `accounts/${account}${path}/${id}`)
  )

// -------------------------------------------------------------------------------------------------
// awaitReady
// -------------------------------------------------------------------------------------------------

const minute = 60_000

const probing = /*#__PURE__*/ Workload.make({
  name: "deploymentProbe",
  timeouts: { attempt: "1 minute" },
  deadline: "1 minute",
  retry: /*#__PURE__*/ Retry.make({ attempts: 1 })
})

const chat = (model: string): Effect.Effect<unknown, ApiError, Fireworks.Fireworks> =>
  Effect.flatMap(Fireworks.Fireworks, (fireworks) =>
    fireworks.chat({ model, messages: [{ role: "user", content: "ping" }], max_tokens: 1 })
  )

/** Returns true for probe errors that can occur before a deployment is ready. Other `Fatal` errors end the wait. */
const mayPass = (error: ApiError): boolean =>
  error._tag !== "Fatal" || error.reason === "NotFound" || error.shouldRetry === true

interface Sight {
  readonly deployment: Deployment
  readonly standing: Job.Standing<Either.Either<Deployment, ApiError | DeploymentFailed>>
  /** The error of the last probe. */
  readonly error: ApiError | undefined
}

const starting: Job.Standing<never> = { _tag: "Active" }

const sightOf = <R>(
  deployment: Deployment,
  probe: Effect.Effect<unknown, ApiError, R>
): Effect.Effect<Sight, never, R> => {
  const limited = probe.pipe(Workload.within(probing), Workload.timeout(probing))
  return Effect.map(Effect.either(limited), (result): Sight => {
    if (Either.isRight(result)) return { deployment, standing: ended(Either.right(deployment)), error: undefined }
    const error = result.left
    return { deployment, standing: mayPass(error) ? starting : ended(Either.left(error)), error }
  })
}

const ended = <A>(outcome: A): Job.Standing<A> => ({ _tag: "Ended", outcome })

const notReady = (id: string, { deployment, error }: Omit<Sight, "standing">, timeout: number): ApiError => {
  const wait = "wait again, or raise the option timeout"
  const remedy = `The deployment may still be starting: ${wait}. If it never starts, check its status and maxReplicaCount.`
  const probed = error === undefined ? "" : `, and the last probe failed with ${error.reason}`
  return unsafeMake(
    { class: "Transient", reason: "Timeout" },
    {
      delivery: "Acknowledged",
      phase: "deadline",
      attempts: 1,
      remedy,
      detail: `the deployment ${id} was ${stateOf(deployment)} for ${Duration.format(timeout)}${probed}`
    }
  )
}

/**
 * Waits until a deployment has served a probe request, and returns the deployment.
 *
 * The state `READY` alone does not prove that a deployment serves requests. The probe also wakes a deployment that is scaled to
 * zero.
 *
 * Fails at once if the deployment has failed, is deleted, or has a `maxReplicaCount` of 0, and on errors that waiting does not
 * resolve, such as an invalid API key. Time without contact counts towards `outage`, all other time towards `timeout`. A probe
 * is interrupted when `timeout` is reached. The returned deployment was read just before the successful probe, so its replica
 * counts may be older than the probe.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer, Redacted } from "effect"
 * import { Deployments, Fireworks } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const scaledToZero = { deployments: { ours: {} }, startup: "20 millis" } as const
 * const Live = Fireworks.layer({ apiKey: Redacted.make("fw-test-key"), accountId: "acme" }).pipe(
 *   Layer.provide(FireworksServer.layerInMemory(scaledToZero))
 * )
 *
 * const program = Deployments.awaitReady("ours", { interval: "10 millis" })
 *
 * const deployment = await Effect.runPromise(program.pipe(Effect.provide(Live)))
 * assert.strictEqual(deployment.name, "accounts/acme/deployments/ours")
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const awaitReady = <R = never>(
  id: string,
  options: AwaitOptions<R> = {}
): Effect.Effect<Deployment, ApiError | DeploymentFailed, Fireworks.Fireworks | R> => {
  const owner = "Deployments.awaitReady"
  const { cap, factor = 1.25, interval = "15 seconds", jitter, timeout = "10 minutes", unseen } = options
  const probe: (model: string) => Effect.Effect<unknown, ApiError, Fireworks.Fireworks | R> = options.probe ?? chat
  const active = duration(owner, "timeout", timeout, { infinite: true })
  const outage = options.outage ?? active
  const limits = watching.limits({ interval, factor, cap, jitter, unseen, outage, active }, owner)
  return Effect.gen(function* () {
    const model = yield* Effect.flatMap(checkId(id), modelOf)
    const control = controlOf(yield* Fireworks.Fireworks)
    let state = watching.watchingSince(yield* monotonicMillis, limits)
    let wait = Duration.zero
    let error: ApiError | undefined
    const look = Effect.gen(function* () {
      const deployment = yield* getDeployment(id, options.workload ?? looking)
      const end = endOf(deployment, control)
      if (Either.isLeft(end)) return { deployment, standing: ended(Either.left(end.left)), error }
      // the control plane responded, so the probe may use the time that is left
      const [seen] = watching.afterSight(state, yield* monotonicMillis, Either.right(starting), limits, 0)
      state = { ...seen, wait: state.wait }
      const left = limits.active - seen.spent.active
      if (left <= 0) return { deployment, standing: starting, error }
      const sight = yield* sightOf(deployment, Deadline.within(probe(model), Math.min(left, minute)))
      error = sight.error
      return sight
    })
    while (true) {
      yield* Effect.sleep(wait)
      const sight = yield* Effect.either(look)
      const standing = Either.map(sight, ({ standing }) => standing)
      const now = yield* monotonicMillis
      const [next, step] = watching.afterSight(state, now, standing, limits, yield* Random.next)
      if (step._tag === "Done") return yield* step.outcome
      if (step._tag === "Failed") {
        // the poll succeeded, so the limit was reached: report a timeout
        return yield* Either.isRight(sight)
          ? notReady(id, sight.right, limits.active)
          : settle(step.error, Math.max(1, step.error.attempts))
      }
      if (step._tag === "Look") wait = step.after
      state = next
    }
  })
}

// -------------------------------------------------------------------------------------------------
// scaleOutOn429
// -------------------------------------------------------------------------------------------------

const once = /*#__PURE__*/ Workload.make({
  name: "scaleOut",
  timeouts: { attempt: "25 seconds" },
  deadline: "25 seconds",
  retry: /*#__PURE__*/ Retry.make({ attempts: 1 })
})

/** The maximum number of decisions to keep. */
const maxDecisions = 100

const settingsOf = <R>({ after = {}, every, maxReplicas, pause, step }: ScaleOutOptions<R>): Scaling.Settings => {
  const owner = "Deployments.scaleOutOn429"
  const second = 1000
  const within = duration(owner, "after.within", after.within ?? "1 minute", { min: second })
  const span = duration(owner, "every", every ?? Duration.max("10 minutes", within))
  if (Duration.lessThan(span, within)) refuse(owner, "every", span, `at least after.within, ${Duration.format(within)}`)
  return {
    maxReplicas: number(owner, "maxReplicas", maxReplicas, { integer: true, min: 1 }),
    step: number(owner, "step", step ?? 1, { integer: true, min: 1 }),
    errors: number(owner, "after.errors", after.errors ?? 10, { integer: true, min: 1 }),
    within: Duration.toMillis(within),
    every: Duration.toMillis(span),
    pause: Duration.toMillis(duration(owner, "pause", pause ?? "1 minute", { min: second }))
  }
}

const logged = (id: string, decision: Decision): Effect.Effect<void> => {
  const text = `scale-out of ${id} after ${decision.errors} capacity errors: ${Scaling.wordsOf(decision)}`
  return decision._tag === "Failed" || decision._tag === "AtBound" ? Effect.logWarning(text) : Effect.logInfo(text)
}

const replicasSeen = (deployment: Deployment): Either.Either<Scaling.Replicas, ApiError> => {
  const { max, ready, wanted } = replicasOf(deployment)
  const state = stateOf(deployment)
  if (removed.has(state) || state === "FAILED") {
    return Either.left(fatal("PreconditionFailed", `the deployment is ${state}`, "Create another deployment."))
  }
  // treating an unknown count as zero could scale the deployment in
  return wanted === undefined
    ? Either.left(fatal("Decode", "the deployment does not report its number of replicas"))
    : Either.right({ wanted, ready, max })
}

/** Converts errors and defects of a call to a value, so that a defect of the client does not end the background fiber. */
const caught = <A, R>(effect: Effect.Effect<A, ApiError, R>) =>
  Effect.either(Effect.catchAllDefect(effect, (defect) => Effect.fail(settle(fromException(defect), 1))))

/**
 * Adds replicas to a deployment while it is saturated. **It spends money**, up to `maxReplicas`; `dryRun` only reports.
 *
 * When capacity errors (429 responses of a deployment) are sustained, it reads the deployment and requests `step` more
 * replicas. It does so at most once per `every`, and not while requested replicas are starting. When they are ready, it counts
 * errors anew.
 *
 * It runs in the background while its scope is open, and its failures never affect the observed calls. Each decision is logged,
 * passed to `onDecision`, and kept in `decisions`.
 *
 * It never scales in; use `setAutoscaling` for that. The API sets an absolute number of replicas, so a change that another
 * client makes between the read and the request is overwritten.
 *
 * Observe only errors of calls to this deployment, and each error once. Each process counts its own errors, and sees the
 * requests of other processes when it reads the deployment. A 429 because no first token was ready in time has the reason
 * `Overloaded` and does not count, because busy serverless models return it too.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer, Redacted } from "effect"
 * import { Deployments, Fireworks } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const options = { apiKey: Redacted.make("fw-test-key"), accountId: "acme" }
 *
 * // all calls of this service go to one deployment; otherwise use `watch` on the calls to the deployment
 * const Live = Deployments.scaleOutOn429("ours", { maxReplicas: 4, dryRun: true }).pipe(
 *   Effect.map(({ observe }) =>
 *     Fireworks.layer({
 *       ...options,
 *       onRetry: ({ error }) => observe(error),
 *       onGiveUp: ({ error }) => observe(error)
 *     })
 *   ),
 *   Effect.provideServiceEffect(Fireworks.Fireworks, Fireworks.make(options)),
 *   Layer.unwrapScoped,
 *   Layer.provide(FireworksServer.layerInMemory({ deployments: { ours: { minReplicaCount: 1 } } }))
 * )
 *
 * const program = Effect.flatMap(Fireworks.Fireworks, (fireworks) =>
 *   fireworks.chat({
 *     model: "accounts/acme/deployments/ours",
 *     messages: [{ role: "user", content: "Hello" }]
 *   })
 * )
 *
 * const { value } = await Effect.runPromise(program.pipe(Effect.provide(Live)))
 * assert.strictEqual(value.choices[0]?.message.content, "Hello")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const scaleOutOn429 = <R = never>(
  id: string,
  options: ScaleOutOptions<R>
): Effect.Effect<ScaleOut, never, Fireworks.Fireworks | Scope.Scope | R> => {
  const settings = settingsOf(options)
  const { dryRun = false, onDecision, workload = once } = options
  return Effect.gen(function* () {
    yield* Effect.orDie(checkId(id))
    const scope = yield* Effect.scope
    // the error count of the next check, which is at most one
    const due = yield* Effect.acquireRelease(Queue.sliding<number>(1), Queue.shutdown)
    let state = Scaling.idle
    let decisions: ReadonlyArray<Decision> = []

    const report = (errors: number, outcome: ScalingOutcome) =>
      Effect.gen(function* () {
        const about = { at: yield* Clock.currentTimeMillis, errors }
        const decision: Decision =
          dryRun && outcome._tag === "Raised" ? { ...outcome, _tag: "WouldRaise", ...about } : { ...outcome, ...about }
        decisions = [...decisions, decision].slice(-maxDecisions)
        yield* logged(id, decision)
        // forked, because it may be slow or die
        if (onDecision !== undefined) {
          yield* Effect.forkIn(
            Effect.catchAllCause(
              Effect.suspend(() => onDecision(decision)),
              () => Effect.void
            ),
            scope
          )
        }
      })

    const turn = (errors: number) =>
      Effect.gen(function* () {
        const seen = Either.flatMap(yield* caught(getDeployment(id, workload)), replicasSeen)
        const seenAt = yield* monotonicMillis
        const [next, step] = Scaling.afterLook(state, seenAt, seen, settings)
        state = next
        if (step._tag === "Rest") return yield* report(errors, step.outcome)
        const { raise } = step
        const result = dryRun ? Either.void : yield* caught(scale(id, raise.to, { workload }))
        const raisedAt = yield* monotonicMillis
        const [after, outcome] = Scaling.afterScale(state, raisedAt, raise, result, settings)
        state = after
        yield* report(errors, outcome)
      })

    // the background work is not part of the call that created it
    const work = detached(Effect.forever(Effect.flatMap(Queue.take(due), turn)))
    yield* Effect.forkScoped(Effect.interruptible(work))

    const observe = (error: ApiError): Effect.Effect<void> =>
      error.reason !== "Capacity"
        ? Effect.void
        : Effect.withFiberRuntime((fiber) => {
            const [next, step] = Scaling.afterCapacity(state, monotonic(clockOf(fiber)), settings)
            state = next
            if (step === "Look") due.unsafeOffer(Scaling.errorsOf(next))
            return Effect.void
          })
    return {
      observe,
      watch: (effect) => Effect.tapError(effect, (error) => (isApiError(error) ? observe(error) : Effect.void)),
      decisions: Effect.sync(() => decisions)
    }
  })
}
