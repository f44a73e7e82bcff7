/**
 * Deployments of one's own: how many replicas they have, whether they answer, and more of them when they are saturated.
 *
 * A deployment that is `READY` may have no replica, or no route to one yet; one that answers 429 has too few of them, which
 * no waiting cures. Replicas cost money by the second: nothing here adds any unless it is told to, and up to which number.
 *
 * | call | workload, unless the call has its own | what is repeated |
 * | --- | --- | --- |
 * | `get`, `list` | `Workload.interactive` | yes |
 * | `scale`, `setAutoscaling` | `Workload.interactive` | yes: twice the same is the same |
 * | a look of `awaitReady` | two attempts within a minute; the next look is another call | yes |
 * | `scaleOutOn429` | one attempt within 25 seconds, then a pause | not for more replicas than the first time |
 *
 * Where the provider's documents are silent or contradict each other:
 *
 * - A `PATCH` without `updateMask` replaces all fields, says the provider's own client, though the API's description has no
 *   such parameter: here it always names exactly what is sent.
 * - The same description calls `baseModel` required in a `PATCH`. It is not sent: the provider's client does without, and to
 *   name it in order not to change it would need a look before, at what may have changed since.
 * - Whether `:scale` may exceed `maxReplicaCount` is not said. `scaleOutOn429` does not try.
 * - Where `replicaStats` are told, a count that is missing in them is zero, as JSON of protocol buffers leaves zeros out. A
 *   `maxReplicaCount` that is missing is not known, whatever else is told: it may be 0, or the server's default. To take it for
 *   0 would be to give up a deployment that starts; so `awaitReady` waits, and its timeout says what to look at.
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
import { apart } from "../internal/call/context.js"
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
 * What the replicas of a deployment are about; what the API learns tomorrow is kept.
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
 * What the replicas of a deployment are about; what the API learns tomorrow is kept.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ReplicaStats: Schema.Schema<ReplicaStats, ReplicaStatsEncoded> = ReplicaStatsStruct

const DeploymentStruct = /*#__PURE__*/ Schema.Struct(
  {
    /** `accounts/{account}/deployments/{id}`: the `model` of requests to it. See `idOf`. */
    name: Schema.String,
    /** See `stateOf`. */
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
    /** As it is on the wire, durations as `"30s"`. */
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
 * A deployment; what the API learns tomorrow is kept.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Deployment: Schema.Schema<Deployment, DeploymentEncoded> = DeploymentStruct

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * What `get`, `scale` and `setAutoscaling` take.
 *
 * @since 0.1.0
 * @category model
 */
export interface CallOptions {
  /** The limits and retries of this call. @default `Workload.interactive` */
  readonly workload?: Workload.Workload | undefined
}

/**
 * What `list` takes.
 *
 * @since 0.1.0
 * @category model
 */
export interface ListOptions extends CallOptions {
  /** How many deployments are asked for at once, from 1 to 200. @default 50 */
  readonly pageSize?: number | undefined
  /** By the rules of AIP-160. @default all */
  readonly filter?: string | undefined
  /** Such as `create_time desc`. @default the server's */
  readonly orderBy?: string | undefined
}

/**
 * What `awaitReady` takes: how the deployment is looked for, how long contact may be lost (`outage`), and for how long it may
 * be unknown (`unseen`).
 *
 * @since 0.1.0
 * @category model
 */
export interface AwaitOptions<in out R = never> extends Pick<Job.WatchOptions, "jitter" | "unseen"> {
  /** The wait between looks, at least 1 ms. @default 15 seconds */
  readonly interval?: Duration.DurationInput | undefined
  /** What each wait is multiplied by, from 1 on. @default 1.25 */
  readonly factor?: number | undefined
  /** The longest wait, at least `interval`. @default 1 minute, or `interval` */
  readonly cap?: Duration.DurationInput | undefined
  /** For how long it may not be ready, in all, while there is contact; may be infinite. @default 10 minutes */
  readonly timeout?: Duration.DurationInput | undefined
  /** For how long contact with the control plane may be lost, in one go; may be infinite. @default `timeout` */
  readonly outage?: Duration.DurationInput | undefined
  /**
   * The request that must be answered, for the `model` that is the deployment: what it serves may be no chat. It has a
   * minute, or what is left of `timeout`.
   * @default a chat of one token
   */
  readonly probe?: ((model: string) => Effect.Effect<unknown, ApiError, R>) | undefined
  /** The limits and retries of each look. @default two attempts within a minute */
  readonly workload?: Workload.Workload | undefined
}

/**
 * What `scaleOutOn429` takes.
 *
 * @since 0.1.0
 * @category model
 */
export interface ScaleOutOptions<in out R = never> {
  /** The most replicas that are ever asked for, from 1 on; the deployment's own `maxReplicaCount` holds too. */
  readonly maxReplicas: number
  /** How many are added at once, from 1 on. @default 1 */
  readonly step?: number | undefined
  /**
   * When capacity errors are sustained: so many of them (from 1 on) within the time (from 1 second on), some of them in each
   * quarter of it. @default 10 within 1 minute
   */
  readonly after?:
    | { readonly errors?: number | undefined; readonly within?: Duration.DurationInput | undefined }
    | undefined
  /** The time between two raises, at least `after.within`. @default 10 minutes */
  readonly every?: Duration.DurationInput | undefined
  /** The time between two looks at a deployment that is not ready, or cannot be asked, from 1 second on. @default 1 minute */
  readonly pause?: Duration.DurationInput | undefined
  /** Whether nothing is asked for, and only reported. @default false */
  readonly dryRun?: boolean | undefined
  /** Runs beside all else, whatever becomes of it. @default nothing */
  readonly onDecision?: ((decision: Decision) => Effect.Effect<unknown, unknown, R>) | undefined
  /** The limits and retries of each look and of each raise. @default one attempt within 25 seconds */
  readonly workload?: Workload.Workload | undefined
}

/**
 * What raises the replicas of a deployment.
 *
 * @since 0.1.0
 * @category model
 */
export interface ScaleOut {
  /** Counts an error of a call to the deployment, if it is one of capacity. It takes no time, and never fails. */
  readonly observe: (error: ApiError) => Effect.Effect<void>
  /** Counts what an effect fails with, once its retries are over; `observe` as `onRetry` sees each attempt. */
  readonly watch: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** The latest decisions, a hundred at most, the latest last. */
  readonly decisions: Effect.Effect<ReadonlyArray<Decision>>
}

// -------------------------------------------------------------------------------------------------
// Errors
// -------------------------------------------------------------------------------------------------

/**
 * A deployment has failed, and will not be ready.
 *
 * @since 0.1.0
 * @category errors
 */
export class DeploymentFailed extends Schema.TaggedError<DeploymentFailed>(
  "effect-reliability/fireworks/DeploymentFailed"
)("DeploymentFailed", {
  id: Schema.String,
  code: Schema.optional(Schema.String),
  /** What its status says, secrets and account ids masked. */
  detail: Schema.optional(Schema.String)
}) {
  /** What happened, and why. */
  override get message(): string {
    return `the deployment ${this.id} has failed${this.code === undefined ? "" : ` (${this.code})`}${this.detail === undefined ? "" : `: ${this.detail}`}`
  }
}

// -------------------------------------------------------------------------------------------------
// What a deployment says
// -------------------------------------------------------------------------------------------------

/**
 * The id of a deployment: the last part of its name.
 *
 * @since 0.1.0
 * @category getters
 */
export const idOf = (deployment: Deployment): string => lastOf(deployment)

/**
 * The state of a deployment, such as `READY`; states that are not known yet too. `UNSPECIFIED` if it says none.
 *
 * @since 0.1.0
 * @category getters
 */
export const stateOf = ({ state }: Deployment): string => (state ?? "").replace(/^STATE_/, "") || "UNSPECIFIED"

/**
 * How many replicas a deployment wants to have, has ready, and may have; undefined where it does not say.
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

const over = (reason: "NotFound" | "PreconditionFailed" | "Decode", detail: string, remedy?: string): ApiError =>
  unsafeMake({ class: "Fatal", reason }, { delivery: "Acknowledged", attempts: 1, detail, remedy })

/** Why a deployment will not serve. */
const endOf = (deployment: Deployment, { masked }: Control): Either.Either<void, ApiError | DeploymentFailed> => {
  const state = stateOf(deployment)
  const { max, ready } = replicasOf(deployment)
  if (removed.has(state)) return Either.left(over("NotFound", `the deployment is ${state}`))
  if (state === "FAILED") {
    const { code, message } = whyOf(deployment)
    const detail = message && redact(masked(message))
    return Either.left(new DeploymentFailed({ id: idOf(deployment), code, detail }))
  }
  return max === 0 && !ready
    ? Either.left(over("PreconditionFailed", "its maxReplicaCount is 0", "Raise maxReplicaCount by setAutoscaling."))
    : Either.void
}

// -------------------------------------------------------------------------------------------------
// Calls
// -------------------------------------------------------------------------------------------------

const path = "/deployments"

const looked = (id: string, workload: Workload.Workload = Workload.interactive): Call<Deployment> =>
  Effect.flatMap(checkId(id), (id) => call(HttpClientRequest.get(`${path}/${id}`), Deployment, workload))

const changed = <A, I>(
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
 * Looks a deployment up; `NotFound` where there is none of that id.
 *
 * @since 0.1.0
 * @category getters
 */
export const get = (id: string, options: CallOptions = {}): Call<Deployment> => looked(id, options.workload)

/**
 * Lists the deployments of the account, one page after another as they are asked for.
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
 * Sets how many replicas a deployment wants to have, now: what it scales by itself goes on from there. It is the way to have
 * more or fewer that changes nothing else.
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
  return Effect.asVoid(changed((id) => `${id}:scale`, Schema.Unknown, id, { replicaCount }, options))
}

/**
 * Sets how a deployment scales by itself: the fields that are given, and no other.
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
  return changed((id) => id, Deployment, id, body, options, mask)
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

/** What a deployment answers to a probe before it is ready; all else that is fatal stays so. */
const mayPass = (error: ApiError): boolean =>
  error._tag !== "Fatal" || error.reason === "NotFound" || error.shouldRetry === true

interface Sight {
  readonly deployment: Deployment
  readonly standing: Job.Standing<Either.Either<Deployment, ApiError | DeploymentFailed>>
  /** What the probe failed with. */
  readonly error: ApiError | undefined
}

const starting: Job.Standing<never> = { _tag: "Active" }

const sightOf = <R>(
  deployment: Deployment,
  probe: Effect.Effect<unknown, ApiError, R>
): Effect.Effect<Sight, never, R> => {
  const limited = probe.pipe(Workload.within(probing), Workload.timeout(probing))
  return Effect.map(Effect.either(limited), (answer): Sight => {
    if (Either.isRight(answer)) return { deployment, standing: ended(Either.right(deployment)), error: undefined }
    const error = answer.left
    return { deployment, standing: mayPass(error) ? starting : ended(Either.left(error)), error }
  })
}

const ended = <A>(outcome: A): Job.Standing<A> => ({ _tag: "Ended", outcome })

const notReady = (id: string, { deployment, error }: Omit<Sight, "standing">, timeout: number): ApiError => {
  const wait = "wait again, or allow more time by the option timeout"
  const remedy = `The deployment may go on starting: ${wait}. Where it never starts, see its status and maxReplicaCount.`
  const probed = error === undefined ? "" : `, and last answered a request with ${error.reason}`
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
 * Waits until a deployment has answered a request: to be `READY` is no proof of it, and one that is scaled to zero is woken.
 *
 * One that has failed, is deleted, or may have no replica, is not waited for; nor is what no waiting cures, such as a key that
 * is not accepted. Time without contact counts to `outage`, all other to `timeout`, by which a probe is cut off too. What is
 * given back was looked up just before the request that was answered: its numbers may be those of before it woke.
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
      const deployment = yield* looked(id, options.workload ?? looking)
      const end = endOf(deployment, control)
      if (Either.isLeft(end)) return { deployment, standing: ended(Either.left(end.left)), error }
      // there is contact, so that a probe takes of the time that is left; where none is, there is no use in it
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
        // what was seen has not failed: it has not come in time
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

/** How many decisions are kept. */
const kept = 100

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
  const text = `scale out of ${id}, after ${decision.errors} capacity errors: ${Scaling.wordsOf(decision)}`
  return decision._tag === "Failed" || decision._tag === "AtBound" ? Effect.logWarning(text) : Effect.logInfo(text)
}

const replicasSeen = (deployment: Deployment): Either.Either<Scaling.Replicas, ApiError> => {
  const { max, ready, wanted } = replicasOf(deployment)
  const state = stateOf(deployment)
  if (removed.has(state) || state === "FAILED") {
    return Either.left(over("PreconditionFailed", `the deployment is ${state}`, "Make another deployment."))
  }
  // to take it for zero would be to scale down
  return wanted === undefined
    ? Either.left(over("Decode", "the deployment does not say how many replicas it has"))
    : Either.right({ wanted, ready, max })
}

/** A broken client is no reason to stop. */
const caught = <A, R>(effect: Effect.Effect<A, ApiError, R>) =>
  Effect.either(Effect.catchAllDefect(effect, (defect) => Effect.fail(settle(fromException(defect), 1))))

/**
 * Raises the replicas of a deployment while it is saturated. **It spends money**, up to `maxReplicas`; `dryRun` only reports.
 *
 * When capacity errors (a 429 of a deployment) are sustained, it looks at the deployment, and asks for `step` more: once in
 * `every`, for any number of callers, and not while replicas are on their way; those of before do not count then. It never
 * scales in, which is the deployment's own business (`setAutoscaling`); but `:scale` sets a number and adds none, so that
 * what somebody else changes between its look and its raise is overwritten. What it does is logged, told to `onDecision`, and
 * kept in `decisions`. It runs beside the calls as long as its scope is open, and whatever becomes of it, they do not notice.
 *
 * Only the errors of calls to this deployment are to be observed, each of them once. Each process counts for itself, and sees
 * what others have asked for when it looks. A 429 that says no first token was ready in time is `Overloaded`, which is what
 * busy serverless models say too: it does not count.
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
 * // all calls of this service are to one deployment; of one that makes others too, `watch` those that are
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
    // how many errors were counted, for each look that is due; there is one at a time
    const due = yield* Effect.acquireRelease(Queue.sliding<number>(1), Queue.shutdown)
    let state = Scaling.idle
    let decisions: ReadonlyArray<Decision> = []

    const report = (errors: number, outcome: ScalingOutcome) =>
      Effect.gen(function* () {
        const about = { at: yield* Clock.currentTimeMillis, errors }
        const decision: Decision =
          dryRun && outcome._tag === "Raised" ? { ...outcome, _tag: "WouldRaise", ...about } : { ...outcome, ...about }
        decisions = [...decisions, decision].slice(-kept)
        yield* logged(id, decision)
        // it may take its time, and even die
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
        const seen = Either.flatMap(yield* caught(looked(id, workload)), replicasSeen)
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

    // it is part of no call, even if it is made within one
    const work = apart(Effect.forever(Effect.flatMap(Queue.take(due), turn)))
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
