/**
 * Trainer and fine-tuning jobs: create them, wait until they are ready, and resume them after an interruption.
 *
 * A trainer can wait for capacity for days, lose its machine, or run without being reachable yet. A replica can report an old
 * state, and a loss of contact says nothing about the job. An interruption can lose the optimizer's state without notice.
 *
 * In this module, each kind of wait has its own limit: for capacity, until ready, in a temporary state, and without contact. A
 * stopped job is resumed a limited number of times. Each end is a typed outcome. The outcome of a ready trainer names the
 * checkpoint that it continued from.
 *
 * | call | default workload | repeated |
 * | --- | --- | --- |
 * | `create` | `Workload.batchSubmission`; one deadline for the whole submission | if not sent, or after a lookup of the job |
 * | `get`, `list`, `checkpoints`, `cancel`, `delete` | `Workload.interactive` | yes |
 * | `resume` | `Workload.interactive` | only if it did not arrive |
 * | a poll of the waits | two attempts within a minute; the next poll is a separate call | yes |
 * | a health probe of a trainer | 5 seconds | no; the next poll probes again |
 *
 * Our choices where the provider's documentation is silent or contradictory:
 *
 * - A trainer is healthy if its URL at the gateway or its `directRouteHandle` responds with 200. The gateway is probed first.
 *   The API key is sent only to the hosts of the service and to hosts below `fireworks.ai`.
 * - The API has no preemption state. A preempted job is `RE_QUEUEING`, or fails.
 * - `dcpSaveInterval` is set in the training program, and the API does not know it. This module uses it only for warnings.
 * - Only trainers list checkpoints. Checkpoints of the types `TRAINING` and `TRAINING_LORA` hold the optimizer's state.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ApiError } from "../ApiError.js"
import * as watching from "../internal/job/watching.js"
import { duration, number, oneOf } from "../internal/options.js"
import { randomId } from "../internal/randomId.js"
import * as Job from "../Job.js"
import * as Workload from "../Workload.js"
import * as Fireworks from "./Fireworks.js"
import { controlOf } from "./internal/control.js"
import * as jobs from "./internal/jobs/lifecycle.js"
import type {
  CallOptions,
  Checkpoint,
  Ended,
  Goal,
  Kind,
  OptimizerStateAtRisk,
  Outcome,
  ReadyOptions,
  ReconnectOptions,
  TrainerJob,
  Up
} from "./internal/jobs/model.js"
import { checkpointsOf, collectionOf, kindOf, reconnecting, riskOf, waitOf } from "./internal/jobs/trainerOptions.js"
import { act, paths, reach, untilEnd, untilReady, warn } from "./internal/jobs/trainerWait.js"

export { Checkpoint, Outcome, TrainerJob } from "./internal/jobs/model.js"
export type {
  CheckpointEncoded,
  TrainerJobEncoded,
  Ended,
  Goal,
  Resumable,
  Kind,
  Optimizer,
  OptimizerStateAtRisk,
  OutcomeEncoded,
  ReadyOptions,
  ReconnectOptions,
  CallOptions,
  Up
} from "./internal/jobs/model.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * Options of `create`. Put fields that are not listed into `more`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Submission {
  /**
   * The job's id: 1 to 63 letters, digits, dashes and underscores, the first a letter or digit.
   *
   * To create the job again after a crash, create the id with `newId` and store it before the first call. A given id is looked
   * up before anything is sent, so the API key must be allowed to read jobs. @default a new id from `newId`
   */
  readonly id?: string | undefined
  /** The kind of the job. @default "trainer" */
  readonly kind?: Kind | undefined
  readonly displayName?: string | undefined
  /** The configuration of the training: `baseModel`, `loraRank`, `learningRate`, `maxContextLength`, … */
  readonly trainingConfig?: Readonly<Record<string, unknown>> | undefined
  /** The id or full name of the data set for fine-tuning. */
  readonly dataset?: string | undefined
  readonly nodeCount?: number | undefined
  readonly hotLoadDeploymentId?: string | undefined
  /** The time without a request after which the server stops the trainer. @default the setting of the server */
  readonly inactivityTimeout?: Duration.DurationInput | undefined
  /** The shape of the machines, sent as a URL parameter. @default none */
  readonly trainingShape?: string | undefined
  /** Additional fields of the job. @default none */
  readonly more?: Readonly<Record<string, unknown>> | undefined
  /**
   * The number of steps after which the training program saves weights and optimizer; 0 for never.
   *
   * The value is not sent. Pass the value that the training program uses: a missing value or 0 causes a warning.
   * @default not known
   */
  readonly dcpSaveInterval?: number | undefined
  /** The workload of each call. Its deadline covers the whole submission. @default `Workload.batchSubmission` */
  readonly workload?: Workload.Workload | undefined
}

/**
 * A created job, and a warning if an interruption could lose the optimizer's state.
 *
 * @since 0.1.0
 * @category model
 */
export interface Created {
  readonly job: TrainerJob
  readonly atRisk: OptimizerStateAtRisk | undefined
}

/**
 * Options of `checkpoints`.
 *
 * @since 0.1.0
 * @category model
 */
export interface PageOptions extends Omit<CallOptions, "kind"> {
  /** The number of items per page, from 1 to 200. @default 50 */
  readonly pageSize?: number | undefined
}

/**
 * Options of `list`.
 *
 * @since 0.1.0
 * @category model
 */
export interface ListOptions extends PageOptions {
  /** The kind of the jobs. @default "trainer" */
  readonly kind?: Kind | undefined
  /** A filter in the syntax of AIP-160, such as `state = "JOB_STATE_RUNNING"`. @default all jobs */
  readonly filter?: string | undefined
  /** The order, such as `create_time desc`. @default the order of the server */
  readonly orderBy?: string | undefined
}

/**
 * Options of `awaitReady`.
 *
 * @since 0.1.0
 * @category model
 */
export interface AwaitReadyOptions extends ReadyOptions {
  /** True if the job was resumed just before the wait, so that `stale` applies from the start. @default false */
  readonly resumed?: boolean | undefined
}

/**
 * Options of `resumeAndWait`.
 *
 * @since 0.1.0
 * @category model
 */
export interface ResumeOptions extends ReadyOptions {
  /** The maximum number of times the job is resumed, including the first, at least 1. @default 3 */
  readonly resumes?: number | undefined
}

/**
 * Options of `await` and `watch`.
 *
 * @since 0.1.0
 * @category model
 */
export interface WatchOptions extends Omit<Job.WatchOptions, "changing"> {
  /** The kind of the job. @default "trainer" */
  readonly kind?: Kind | undefined
  /** The treatment of a paused job: `"wait"` counts it as queued, `"end"` returns `Paused`. @default "wait" */
  readonly onPause?: "wait" | "end" | undefined
  /** The workload of each poll. @default two attempts within a minute */
  readonly workload?: Workload.Workload | undefined
}

// -------------------------------------------------------------------------------------------------
// Reading a job
// -------------------------------------------------------------------------------------------------

/**
 * Returns the id of a job: the last part of its name.
 *
 * @since 0.1.0
 * @category getters
 */
export const idOf = (job: TrainerJob): string => jobs.idOf(job)

/**
 * Returns the state of a job without its prefix, such as `RUNNING`, or `UNSPECIFIED` if it has none. Unknown states are
 * returned too.
 *
 * @since 0.1.0
 * @category getters
 */
export const stateOf = (job: TrainerJob): string => jobs.stateOf(job)

/**
 * Returns the standing of a job for a wait, until it is ready or until its end.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { TrainerJobs } from "effect-reliability/fireworks"
 *
 * const job = { name: "accounts/me/rlorTrainerJobs/j", state: "JOB_STATE_RUNNING" }
 * const goal = { until: "ready", resumable: ["FAILED"] } as const
 * assert.strictEqual(TrainerJobs.standingOf(job, { ...goal, healthy: false })._tag, "Active")
 * assert.strictEqual(TrainerJobs.standingOf(job, { ...goal, healthy: true })._tag, "Ended")
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const standingOf = (job: TrainerJob, goal: Goal): Job.Standing<Ended | Up> =>
  goal.until === "end" ? untilEnd(job, goal.onPause) : untilReady(job, goal)

// -------------------------------------------------------------------------------------------------
// Calls
// -------------------------------------------------------------------------------------------------

type Call<A> = jobs.Call<A>

/**
 * Generates a new job id with 96 random bits, from the host's crypto API or from a custom `Random` service.
 *
 * @since 0.1.0
 * @category getters
 */
export const newId: Effect.Effect<string> = /*#__PURE__*/ Effect.map(randomId, (id) => `training-${id}`)

const bodyOf = (account: string, submission: Submission): Effect.Effect<jobs.Body, ApiError> =>
  Effect.gen(function* () {
    const { displayName, hotLoadDeploymentId, inactivityTimeout, more, nodeCount, trainingConfig } = submission
    yield* jobs.checkTexts({ displayName, hotLoadDeploymentId, trainingShape: submission.trainingShape })
    const dataset = yield* jobs.nameOf("dataset", "datasets", account, submission.dataset)
    const seconds = inactivityTimeout === undefined ? undefined : `${Duration.toSeconds(inactivityTimeout)}s`
    const own = { displayName, trainingConfig, dataset, nodeCount, hotLoadDeploymentId, inactivityTimeout: seconds }
    return { ...more, ...jobs.given(own) }
  })

/**
 * Creates a job once, and returns it.
 *
 * If a job with this id and description exists already, `create` succeeds with that job. A lost response does not create a
 * second job. Fails with `Conflict` if the id belongs to a deleted job, or to a job with a different description.
 *
 * If an interruption could lose the optimizer's state, the result holds a warning. The warning is also logged, once for each
 * job, by `create` or by `reconnectAndWait`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer } from "effect"
 * import { Fireworks, TrainerJobs } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const Live = FireworksServer.layerClient(Fireworks.layer).pipe(Layer.provide(FireworksServer.layerInMemory()))
 *
 * const program = TrainerJobs.create({
 *   id: "policy-7",
 *   trainingConfig: { baseModel: "accounts/fireworks/models/qwen3-8b", loraRank: 16 },
 *   dcpSaveInterval: 20
 * })
 *
 * const { atRisk, job } = await Effect.runPromise(program.pipe(Effect.provide(Live)))
 * assert.deepStrictEqual([TrainerJobs.idOf(job), atRisk], ["policy-7", undefined])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const create = (submission: Submission): Call<Created> => {
  const owner = "TrainerJobs.create"
  const { inactivityTimeout, nodeCount, trainingShape, workload = Workload.batchSubmission } = submission
  const kind = kindOf(owner, submission)
  const collection = collectionOf(kind)
  const risk = riskOf(owner, submission.dcpSaveInterval)
  if (nodeCount !== undefined) number(owner, "nodeCount", nodeCount, { integer: true, min: 1 })
  if (inactivityTimeout !== undefined) duration(owner, "inactivityTimeout", inactivityTimeout)
  const submitted: Job.Kind<jobs.Body, TrainerJob, Ended, Fireworks.Fireworks> = {
    create: (id, body) => jobs.create(collection, id, body, workload, { trainingShape }),
    get: (id) => jobs.get(collection, id, workload),
    standing: (job) => untilEnd(job),
    isSame: jobs.holds
  }
  return Effect.gen(function* () {
    const control = controlOf(yield* Fireworks.Fireworks)
    const id = yield* jobs.checkId(submission.id ?? (yield* newId))
    const body = yield* bodyOf(yield* control.accountId, submission)
    yield* warn(kind, id, risk)
    const options = { deadline: workload.deadline, isNew: submission.id === undefined }
    const job = yield* Job.submit(submitted, id, body, options)
    return { job, atRisk: risk && { ...risk, job: id } }
  })
}

/**
 * Gets a job by id. Fails with `NotFound` if no job has the id.
 *
 * @since 0.1.0
 * @category getters
 */
export const get = (id: string, options: CallOptions = {}): Call<TrainerJob> => {
  const collection = collectionOf(kindOf("TrainerJobs.get", options))
  return Effect.flatMap(jobs.checkId(id), (id) => jobs.get(collection, id, options.workload ?? Workload.interactive))
}

/**
 * Returns a stream of the account's jobs of one kind. Pages are fetched on demand.
 *
 * @since 0.1.0
 * @category getters
 */
export const list = (options: ListOptions = {}): Stream.Stream<TrainerJob, ApiError, Fireworks.Fireworks> => {
  const owner = "TrainerJobs.list"
  const { filter, orderBy, workload = Workload.interactive } = options
  const collection = collectionOf(kindOf(owner, options))
  const parameters = { pageSize: jobs.pageSizeOf(owner, options.pageSize), filter, orderBy }
  return jobs.listed({ ...collection, key: collection.path.slice(1), workload, parameters })
}

/**
 * Returns a stream of a trainer's checkpoints. Pages are fetched on demand. The API lists checkpoints for trainers only.
 *
 * @since 0.1.0
 * @category getters
 */
export const checkpoints = (
  id: string,
  options: PageOptions = {}
): Stream.Stream<Checkpoint, ApiError, Fireworks.Fireworks> => {
  const { workload = Workload.interactive } = options
  const pageSize = jobs.pageSizeOf("TrainerJobs.checkpoints", options.pageSize)
  return Stream.unwrap(Effect.map(jobs.checkId(id), (id) => checkpointsOf(id, pageSize, workload)))
}

/**
 * Resumes a stopped job. The server refuses to resume a running job.
 *
 * If the response is lost, the request is not repeated. Use `resumeAndWait` to resume a job and learn its state.
 *
 * @since 0.1.0
 * @category getters
 */
export const resume = (id: string, options: CallOptions = {}): Call<void> => {
  const kind = kindOf("TrainerJobs.resume", options)
  return Effect.flatMap(jobs.checkId(id), (id) =>
    act(kind, id, "resume", options.workload ?? Workload.interactive, "never")
  )
}

/**
 * Cancels a job. Succeeds if the job is cancelled already.
 *
 * @since 0.1.0
 * @category getters
 */
export const cancel = (id: string, options: CallOptions = {}): Call<void> => {
  const kind = kindOf("TrainerJobs.cancel", options)
  const { workload = Workload.interactive } = options
  const isCancelled = (job: TrainerJob) => /^CANCELL(?:ING|ED)$/.test(stateOf(job))
  return Effect.flatMap(jobs.checkId(id), (id) =>
    Effect.catchIf(
      act(kind, id, "cancel", workload, "safe"),
      ({ reason }) => reason === "BadRequest" || reason === "Conflict" || reason === "PreconditionFailed",
      // an earlier attempt or another client may have cancelled the job
      (error) => Effect.filterOrFail(jobs.get(collectionOf(kind), id, workload), isCancelled, () => error)
    )
  ).pipe(Effect.asVoid)
}

const delete_ = (id: string, options: CallOptions = {}): Call<void> => {
  const kind = kindOf("TrainerJobs.delete", options)
  return Effect.flatMap(jobs.checkId(id), (id) =>
    jobs.remove(paths[kind], id, options.workload ?? Workload.interactive)
  )
}

// -------------------------------------------------------------------------------------------------
// Waiting until it is ready
// -------------------------------------------------------------------------------------------------

/**
 * Waits until a job is ready. A trainer is ready when it runs and its health probe succeeds, a fine-tuning job when it runs.
 *
 * `awaitReady` never resumes a job. If the job has ended or is paused, that is the outcome.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer } from "effect"
 * import { Fireworks, TrainerJobs } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const timeline = [{ state: "PENDING", lasts: "20 millis" }, { state: "RUNNING" }] as const
 * const Live = FireworksServer.layerClient(Fireworks.layer).pipe(
 *   Layer.provide(FireworksServer.layerInMemory({ timeline, healthyAfter: "20 millis" }))
 * )
 *
 * const program = Effect.gen(function* () {
 *   const { job } = yield* TrainerJobs.create({ trainingConfig: { loraRank: 8 }, dcpSaveInterval: 10 })
 *   return yield* TrainerJobs.awaitReady(TrainerJobs.idOf(job), { pollInterval: "5 millis" })
 * })
 *
 * const outcome = await Effect.runPromise(program.pipe(Effect.provide(Live)))
 * assert.strictEqual(outcome._tag, "Ready") // `outcome.baseUrl` is the URL of the trainer
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const awaitReady = (id: string, options: AwaitReadyOptions = {}): Call<Outcome> => {
  const wait = waitOf("TrainerJobs.awaitReady", options, "15 minutes")
  return reach(id, { ...wait, limits: { ...wait.limits, resumed: options.resumed, resumes: 0 } }, "look")
}

/**
 * Resumes a job, and waits until it is ready.
 *
 * If the job runs already, `resumeAndWait` only waits. If the job stops again before it is ready, it is resumed again, up to
 * `resumes` times in all.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer } from "effect"
 * import { Fireworks, TrainerJobs } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * // the job fails at first, and runs after it was resumed
 * const timeline = ({ life }: FireworksServer.NewJob) => [{ state: life === 1 ? "FAILED" : "RUNNING" }] as const
 * const Live = FireworksServer.layerClient(Fireworks.layer).pipe(
 *   Layer.provide(FireworksServer.layerInMemory({ timeline, healthyAfter: 0 }))
 * )
 *
 * const program = Effect.gen(function* () {
 *   yield* TrainerJobs.create({ id: "policy-7", dcpSaveInterval: 10 })
 *   return yield* TrainerJobs.resumeAndWait("policy-7")
 * })
 *
 * const outcome = await Effect.runPromise(program.pipe(Effect.provide(Live)))
 * assert.strictEqual(outcome._tag, "Ready")
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const resumeAndWait = (id: string, options: ResumeOptions = {}): Call<Outcome> => {
  const owner = "TrainerJobs.resumeAndWait"
  const wait = waitOf(owner, options, "15 minutes")
  const resumes = number(owner, "resumes", options.resumes ?? 3, { integer: true, min: 1 }) - 1
  return reach(id, { ...wait, limits: { ...wait.limits, resumed: true, resumes } }, "resume")
}

/**
 * Reconnects to a job after a crash of this process or a preemption of the job, and waits until the job is ready.
 *
 * If the job has stopped, it is resumed, up to `resumes` times. The `optimizer` of the outcome names the checkpoint that the
 * trainer continued from; a lost state is logged as an error. The call fails if a limit is reached, on a `Fatal` error, or if the
 * job was deleted.
 *
 * If an interruption could lose the optimizer's state, the outcome holds a warning. The warning is also logged, once for each
 * job, by `create` or by `reconnectAndWait`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer } from "effect"
 * import { Fireworks, TrainerJobs } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * // the trainer saves a checkpoint every 10 ms, and is preempted after 50 ms
 * const timeline = ({ life }: FireworksServer.NewJob) =>
 *   life === 1 ? ([{ state: "RUNNING", lasts: "50 millis" }, { state: "FAILED" }] as const) : ([{ state: "RUNNING" }] as const)
 * const Live = FireworksServer.layerClient(Fireworks.layer).pipe(
 *   Layer.provide(FireworksServer.layerInMemory({ timeline, healthyAfter: 0, checkpointEvery: "10 millis" }))
 * )
 *
 * const program = Effect.gen(function* () {
 *   yield* TrainerJobs.create({ id: "policy-7", dcpSaveInterval: 10 })
 *   yield* Effect.sleep("60 millis")
 *   return yield* TrainerJobs.reconnectAndWait("policy-7", { dcpSaveInterval: 10 })
 * })
 *
 * const outcome = await Effect.runPromise(program.pipe(Effect.provide(Live)))
 * assert.strictEqual(outcome._tag, "Ready")
 * assert.strictEqual(outcome.optimizer._tag, "Preserved")
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const reconnectAndWait = (id: string, options: ReconnectOptions = {}): Call<Outcome> =>
  reach(id, reconnecting("TrainerJobs.reconnectAndWait", options), "look")

// -------------------------------------------------------------------------------------------------
// Waiting for the end
// -------------------------------------------------------------------------------------------------

const watchedOf = (owner: string, options: WatchOptions) => {
  const { workload = jobs.looking } = options
  const kind = kindOf(owner, options)
  const onPause = oneOf(owner, "onPause", options.onPause ?? "wait", ["wait", "end"])
  // throws on invalid options here, and not when the job is polled
  watching.limits(options, owner)
  return {
    get: (id: string) => jobs.get(collectionOf(kind), id, workload),
    standing: (job: TrainerJob) => untilEnd(job, onPause),
    resume: (id: string) => act(kind, id, "resume", workload, "never")
  }
}

/**
 * Returns a stream of the job's snapshots. The last snapshot is that of its end.
 *
 * A loss of contact only delays the next snapshot, within the limits of the options. A lagging replica may return an older
 * snapshot after a newer one.
 *
 * @example
 * ```ts
 * import { Effect, Layer, Stream } from "effect"
 * import { Fireworks, TrainerJobs } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const timeline = [{ state: "RUNNING", lasts: "20 millis" }, { state: "COMPLETED" }] as const
 * const Live = FireworksServer.layerClient(Fireworks.layer).pipe(
 *   Layer.provide(FireworksServer.layerInMemory({ timeline }))
 * )
 *
 * const program = Effect.gen(function* () {
 *   const { job } = yield* TrainerJobs.create({ kind: "supervised", dataset: "reviews", dcpSaveInterval: 10 })
 *   const snapshots = TrainerJobs.watch(TrainerJobs.idOf(job), { kind: "supervised", interval: "5 millis" })
 *   yield* Stream.runForEach(snapshots, (job) => Effect.log(TrainerJobs.stateOf(job)))
 * })
 *
 * await Effect.runPromise(program.pipe(Effect.provide(Live)))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const watch = (
  id: string,
  options: WatchOptions = {}
): Stream.Stream<TrainerJob, ApiError, Fireworks.Fireworks> => {
  const watched = watchedOf("TrainerJobs.watch", options)
  return Stream.unwrap(Effect.map(jobs.checkId(id), (id) => Job.watch(watched, id, options)))
}

const await_ = (id: string, options: WatchOptions = {}): Call<Ended> => {
  const watched = watchedOf("TrainerJobs.await", options)
  return Effect.flatMap(jobs.checkId(id), (id) => Job.await(watched, id, options))
}

export {
  /**
   * Waits for the end of a job, and returns the outcome.
   *
   * By default only a loss of contact is limited (`outage`), not the total time. Set limits in the options, or use
   * `Deadline.within`. A failed job is the outcome `Failed`, not an error. If the job was deleted, the wait fails with
   * `NotFound`.
   *
   * @example
   * ```ts
   * import * as assert from "node:assert"
   * import { Effect, Layer } from "effect"
   * import { Fireworks, TrainerJobs } from "effect-reliability/fireworks"
   * import { FireworksServer } from "effect-reliability/testing"
   *
   * const timeline = [{ state: "RUNNING", lasts: "20 millis" }, { state: "COMPLETED" }] as const
   * const Live = FireworksServer.layerClient(Fireworks.layer).pipe(
   *   Layer.provide(FireworksServer.layerInMemory({ timeline }))
   * )
   *
   * const program = Effect.gen(function* () {
   *   const { job } = yield* TrainerJobs.create({ kind: "preference", dataset: "pairs", dcpSaveInterval: 10 })
   *   return yield* TrainerJobs.await(TrainerJobs.idOf(job), { kind: "preference", interval: "5 millis" })
   * })
   *
   * const outcome = await Effect.runPromise(program.pipe(Effect.provide(Live)))
   * assert.strictEqual(outcome._tag, "Completed")
   * ```
   *
   * @since 0.1.0
   * @category combinators
   */
  await_ as await,
  /**
   * Deletes a job, and stops it if it is running. Its id cannot be used again.
   *
   * @since 0.1.0
   * @category getters
   */
  delete_ as delete
}
