/**
 * Trainers and fine-tuning: jobs that wait for machines for days, lose them, and go on.
 *
 * A trainer that waits for capacity has not failed; nor has one that cannot be looked at, or whose end is told by a replica
 * that lags behind. A trainer that runs need not answer yet. And one that was interrupted may have lost the state of its
 * optimizer, which nobody says. Here waiting for capacity, becoming ready, changing state and losing contact have a limit
 * each; what stopped is resumed so many times at most; each end is a typed outcome; and what is ready says from which
 * checkpoint it went on.
 *
 * | call | workload, unless the call has its own | what is repeated |
 * | --- | --- | --- |
 * | `create` | `Workload.batchSubmission`, its deadline around all of it | what was not sent; else after a look for the job |
 * | `get`, `list`, `checkpoints`, `cancel`, `delete` | `Workload.interactive` | yes |
 * | `resume` | `Workload.interactive` | only what did not arrive |
 * | a look of the waits | two attempts within a minute; the next look is another call | yes |
 * | a probe of a trainer's health | 5 seconds | no; the next look probes again |
 *
 * Where the provider's documents are silent or contradict each other:
 *
 * - A trainer is healthy if the gateway's path or its `directRouteHandle` answers 200; the gateway is asked first. The key goes
 *   to no other host than the service's and those below `fireworks.ai`.
 * - There is no state of being preempted: a job that was is `RE_QUEUEING`, or fails.
 * - `dcpSaveInterval` is set in the training program, and the API does not know it: it is not sent, and only said here.
 * - Only trainers tell of checkpoints. Those of the types `TRAINING` and `TRAINING_LORA` hold the optimizer's state.
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
import {
  type CallOptions,
  Checkpoint,
  type Ended,
  type Goal,
  type Kind,
  type OptimizerStateAtRisk,
  type Outcome,
  type ReadyOptions,
  type Resumable,
  TrainerJob,
  type Up
} from "./internal/jobs/model.js"
import { act, limitsOf, paths, reach, untilEnd, untilReady, type Wait, warn } from "./internal/jobs/trainerWait.js"

export { Checkpoint, TrainerJob } from "./internal/jobs/model.js"
export type {
  CheckpointEncoded,
  TrainerJobEncoded,
  Ended,
  Goal,
  Resumable,
  Kind,
  Optimizer,
  OptimizerStateAtRisk,
  Outcome,
  ReadyOptions,
  CallOptions,
  Up
} from "./internal/jobs/model.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * What `create` takes. Names that are not listed go into `more`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Submission {
  /**
   * The job's id: up to 63 letters, digits, dashes and underscores. To create it again after a crash, store one of `newId` in a
   * safe place first. A given id is looked up before anything is sent, which the key must allow. @default one of `newId`
   */
  readonly id?: string | undefined
  /** @default "trainer" */
  readonly kind?: Kind | undefined
  readonly displayName?: string | undefined
  /** What is trained, and how: `baseModel`, `loraRank`, `learningRate`, `maxContextLength`, … */
  readonly trainingConfig?: Readonly<Record<string, unknown>> | undefined
  /** The id of a data set, or its full name, for fine-tuning. */
  readonly dataset?: string | undefined
  readonly nodeCount?: number | undefined
  readonly hotLoadDeploymentId?: string | undefined
  /** After how long without a request the trainer is taken down. @default the server's */
  readonly inactivityTimeout?: Duration.DurationInput | undefined
  /** The shape of the machines, sent in the URL. @default none */
  readonly trainingShape?: string | undefined
  /** Further fields of the job. @default none */
  readonly more?: Readonly<Record<string, unknown>> | undefined
  /**
   * After how many steps the training program saves weights and optimizer; 0 for never. It is not sent: the training program
   * sets it, and what is said here is only what is warned of. @default not known
   */
  readonly dcpSaveInterval?: number | undefined
  /** The limits of all of it. @default `Workload.batchSubmission` */
  readonly workload?: Workload.Workload | undefined
}

/**
 * A job that was created, and what to be warned of.
 *
 * @since 0.1.0
 * @category model
 */
export interface Created {
  readonly job: TrainerJob
  readonly atRisk: OptimizerStateAtRisk | undefined
}

/**
 * What `checkpoints` takes.
 *
 * @since 0.1.0
 * @category model
 */
export interface PageOptions extends Omit<CallOptions, "kind"> {
  /** How many are asked for at once, from 1 to 200. @default 50 */
  readonly pageSize?: number | undefined
}

/**
 * What `list` takes.
 *
 * @since 0.1.0
 * @category model
 */
export interface ListOptions extends PageOptions {
  /** @default "trainer" */
  readonly kind?: Kind | undefined
  /** By the rules of AIP-160, such as `state = "JOB_STATE_RUNNING"`. @default all */
  readonly filter?: string | undefined
  /** Such as `create_time desc`. @default the server's */
  readonly orderBy?: string | undefined
}

/**
 * What `awaitReady` takes.
 *
 * @since 0.1.0
 * @category model
 */
export interface AwaitReadyOptions extends ReadyOptions {
  /** Whether the job was resumed just before, so that `stale` holds from the beginning. @default false */
  readonly resumed?: boolean | undefined
}

/**
 * What `resumeAndWait` takes.
 *
 * @since 0.1.0
 * @category model
 */
export interface ResumeOptions extends ReadyOptions {
  /** How often the job is resumed at most, the first time included, from 1 on. @default 3 */
  readonly resumes?: number | undefined
}

/**
 * What `reconnectAndWait` takes.
 *
 * @since 0.1.0
 * @category model
 */
export interface ReconnectOptions extends ReadyOptions {
  /** How often the job is resumed at most; 0 for never. @default 3 */
  readonly resumes?: number | undefined
  /** The states that it is resumed from; others are its end. @default all; for fine-tuning all but `COMPLETED` */
  readonly resumableStates?: ReadonlyArray<Resumable> | undefined
  /** See `Submission`. @default not known */
  readonly dcpSaveInterval?: number | undefined
}

/**
 * What `await` and `watch` take.
 *
 * @since 0.1.0
 * @category model
 */
export interface WatchOptions extends Omit<Job.WatchOptions, "changing"> {
  /** @default "trainer" */
  readonly kind?: Kind | undefined
  /** Whether a pause is waited for, or is an end. @default "wait" */
  readonly onPause?: "wait" | "end" | undefined
  /** The limits and retries of each look. @default two attempts within a minute */
  readonly workload?: Workload.Workload | undefined
}

// -------------------------------------------------------------------------------------------------
// What a job says
// -------------------------------------------------------------------------------------------------

/**
 * The id of a job: the last part of its name.
 *
 * @since 0.1.0
 * @category getters
 */
export const idOf = (job: TrainerJob): string => jobs.idOf(job)

/**
 * The state of a job without its prefix, such as `RUNNING`; states that are not known yet too. `UNSPECIFIED` if it says none.
 *
 * @since 0.1.0
 * @category getters
 */
export const stateOf = (job: TrainerJob): string => jobs.stateOf(job)

/**
 * What a job means to who waits for it, until it is ready or until its end.
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
// Options
// -------------------------------------------------------------------------------------------------

const kinds: ReadonlyArray<Kind> = ["trainer", "supervised", "reinforcement", "preference"]

const kindOf = (owner: string, options: { readonly kind?: Kind | undefined }): Kind =>
  oneOf(owner, "kind", options.kind ?? "trainer", kinds)

const collectionOf = (kind: Kind) => ({ path: paths[kind], schema: TrainerJob })

const resumables: ReadonlyArray<Resumable> = ["FAILED", "CANCELLED", "PAUSED", "COMPLETED"]

/** What is resumed where nobody says more: what a fine-tuning job has completed is its result. */
const resumableOf = (kind: Kind): ReadonlyArray<Resumable> =>
  kind === "trainer" ? resumables : resumables.filter((state) => state !== "COMPLETED")

/** What is to be warned of. */
const riskOf = (owner: string, given: number | undefined): OptimizerStateAtRisk | undefined => {
  const interval = given === undefined ? undefined : number(owner, "dcpSaveInterval", given, { integer: true })
  if (interval !== undefined && interval > 0) return undefined
  const advice =
    interval === undefined
      ? "It is not known whether checkpoints with the optimizer's state are saved, and by default none are: set dcp_save_interval above 0 in the training program, and dcpSaveInterval here."
      : "No checkpoints with the optimizer's state are saved, so that an interruption loses it: set dcp_save_interval above 0 in the training program."
  return { _tag: "OptimizerStateAtRisk", interval: interval === undefined ? undefined : 0, advice }
}

// -------------------------------------------------------------------------------------------------
// Calls
// -------------------------------------------------------------------------------------------------

type Call<A> = jobs.Call<A>

/**
 * A new id for a job, of 96 bits: the host's, or of another `Random` where one was put in its place.
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
 * Creates a job, once: whatever is lost on the way, and whoever created it before, the job of this id and description is the
 * success. One of the same id with another description, or a deleted one, is `Conflict`.
 *
 * It warns, in what it returns and in the log, where the optimizer's state would not outlast an interruption. The log says it
 * once for each job, here or in `reconnectAndWait`.
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
  const atRisk = riskOf(owner, submission.dcpSaveInterval)
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
    yield* warn(kind, id, atRisk)
    const options = { deadline: workload.deadline, isNew: submission.id === undefined }
    return { job: yield* Job.submit(submitted, id, body, options), atRisk }
  })
}

/**
 * Looks a job up; `NotFound` where there is none of that id.
 *
 * @since 0.1.0
 * @category getters
 */
export const get = (id: string, options: CallOptions = {}): Call<TrainerJob> => {
  const collection = collectionOf(kindOf("TrainerJobs.get", options))
  return Effect.flatMap(jobs.checkId(id), (id) => jobs.get(collection, id, options.workload ?? Workload.interactive))
}

/**
 * Lists the jobs of a kind, one page after another as they are asked for.
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
 * Lists the checkpoints of a trainer, one page after another as they are asked for. Other kinds of jobs tell of none.
 *
 * @since 0.1.0
 * @category getters
 */
export const checkpoints = (
  id: string,
  options: PageOptions = {}
): Stream.Stream<Checkpoint, ApiError, Fireworks.Fireworks> => {
  const { workload = Workload.interactive } = options
  const parameters = { pageSize: jobs.pageSizeOf("TrainerJobs.checkpoints", options.pageSize) }
  const listed = (id: string) =>
    jobs.listed({
      path: `${paths.trainer}/${id}/checkpoints`,
      key: "checkpoints",
      schema: Checkpoint,
      workload,
      parameters
    })
  return Stream.unwrap(Effect.map(jobs.checkId(id), listed))
}

/**
 * Resumes a job that has stopped; where it is running already, that is refused. An answer that is lost is not asked for again:
 * `resumeAndWait` looks what became of it.
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
 * Cancels a job. One that is cancelled already is a success.
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
      // an earlier attempt may have done it, or somebody else
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

const waitOf = (owner: string, options: ReadyOptions, ready: Duration.DurationInput): Wait => {
  const kind = kindOf(owner, options)
  const { workload = jobs.looking } = options
  return {
    kind,
    workload,
    limits: limitsOf(owner, options, ready),
    resumable: resumableOf(kind),
    get: (id) => jobs.get(collectionOf(kind), id, workload),
    checkpoints: (id) => checkpoints(id, { pageSize: 200, workload })
  }
}

/**
 * Waits until a job is ready: a trainer that runs and answers, a fine-tuning job that runs. It resumes nothing; a job that has
 * ended, or paused, is an outcome.
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
 * assert.strictEqual(outcome._tag, "Ready") // and `outcome.baseUrl` is where the trainer answers
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
 * Resumes a job, and waits until it is ready. It is resumed again if it stops on the way; one that runs already is waited for.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer } from "effect"
 * import { Fireworks, TrainerJobs } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * // it fails at first, and runs when it is resumed
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
 * Goes on with a job whatever became of it, after a crash of this process or a preemption of the job: waits for it if it runs
 * or is about to, resumes it if it has stopped, and tells from which checkpoint it went on.
 *
 * It fails only where a limit is reached, contact is lost for too long, or the job was deleted. That it warns of the
 * optimizer's state is in the outcome, and once for each job in the log, unless `create` has said it there.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer } from "effect"
 * import { Fireworks, TrainerJobs } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * // it saves a checkpoint every 10 ms, and is preempted after 50
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
export const reconnectAndWait = (id: string, options: ReconnectOptions = {}): Call<Outcome> => {
  const owner = "TrainerJobs.reconnectAndWait"
  const wait = waitOf(owner, options, "10 minutes")
  const resumable = options.resumableStates ?? wait.resumable
  for (const state of resumable) oneOf(owner, "resumableStates", state, resumables)
  const resumes = number(owner, "resumes", options.resumes ?? 3, { integer: true })
  const atRisk = riskOf(owner, options.dcpSaveInterval)
  return reach(id, { ...wait, limits: { ...wait.limits, resumes }, resumable, atRisk }, "look")
}

// -------------------------------------------------------------------------------------------------
// Waiting for the end
// -------------------------------------------------------------------------------------------------

const toTheEnd = (owner: string, options: WatchOptions) => {
  const { workload = jobs.looking } = options
  const kind = kindOf(owner, options)
  const onPause = oneOf(owner, "onPause", options.onPause ?? "wait", ["wait", "end"])
  // refuses bad options here, and not where the job is looked for
  watching.limits(options, owner)
  return {
    get: (id: string) => jobs.get(collectionOf(kind), id, workload),
    standing: (job: TrainerJob) => untilEnd(job, onPause),
    resume: (id: string) => act(kind, id, "resume", workload, "never")
  }
}

/**
 * Watches a job until its end: each snapshot of it that was seen, the last one that of its end. Losing contact only makes the
 * next one later; a replica that lags behind may show an older one after a newer.
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
  const watched = toTheEnd("TrainerJobs.watch", options)
  return Stream.unwrap(Effect.map(jobs.checkId(id), (id) => Job.watch(watched, id, options)))
}

const await_ = (id: string, options: WatchOptions = {}): Call<Ended> => {
  const watched = toTheEnd("TrainerJobs.await", options)
  return Effect.flatMap(jobs.checkId(id), (id) => Job.await(watched, id, options))
}

export {
  /**
   * Waits for the end of a job, as long as it takes; its limits, or a `Deadline.within` around it, say when to stop. What it
   * fails with is never the job's failure: that is an outcome. A job that was deleted is `NotFound`.
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
   * Deletes a job, and stops it if it runs. Its id cannot be used again.
   *
   * @since 0.1.0
   * @category getters
   */
  delete_ as delete
}
