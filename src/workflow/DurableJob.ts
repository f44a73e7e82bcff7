/**
 * Durable jobs: submit a remote job once and wait for its outcome, across crashes and restarts of any process.
 *
 * `Job` waits in a fiber, and its wait ends with its process. A durable job carries out the same decisions as a workflow of
 * `@effect/workflow`: each step is stored, and a wait occupies no machine. The application chooses the engine:
 *
 * | engine | survives | for |
 * | --- | --- | --- |
 * | `WorkflowEngine.layerMemory` | nothing | tests with `TestClock`, scripts |
 * | `ClusterWorkflowEngine.layer` over `SingleRunner.layer` and SQLite | a restart of the process | one machine |
 * | `ClusterWorkflowEngine.layer` over runners and Postgres | the loss of machines | several machines |
 *
 * Guarantees: the id is looked up before each request that could create the job, so a crash during a submission creates no second
 * job. A wait continues on another runner after the locks of the lost one have expired. A step may run twice, so a stopped job may
 * be asked to resume twice; the server refuses the second request.
 *
 * What to know before using it; the page DISTRIBUTED has the measurements:
 *
 * - **Ids are used once.** A second `execute` with the same id returns the first outcome, whatever its input is. An interrupted or
 *   failed id stays used, too. Give a new attempt a new id.
 * - **Register every durable job on every runner.** A runner without it ends its executions for good.
 * - **Create the tables first.** Two runners that start on an empty database at once may fail: start one alone, once.
 * - **Deploy with care.** Stored steps are decoded with the current schemas. Keep the name, and change `input` and `outcome` only in
 *   ways that still decode what is stored. Otherwise waiting executions die.
 * - **Set `ShardingConfig.runnerAddress`.** Its default port, 34431, is in the range of outgoing connections on Linux. Use a port
 *   below 32768.
 * - **Set `shardLockDisableAdvisory: true` on Postgres.** A process that hangs keeps its advisory locks for over a minute. Two
 *   clusters in one database share such locks, even with different table prefixes.
 * - **Wake-ups are late.** The cluster polls for them every 10 seconds (`entityMessagePollInterval`), and `execute` looks for the
 *   outcome at growing intervals of up to 30 seconds (`suspendedRetrySchedule`).
 * - **Interruption is not immediate.** `interrupt` takes effect when the current step ends. On Postgres, an interruption that arrives
 *   while a step ends can be delayed by ten minutes; call `resume` if the status stays `Waiting`.
 * - **The engine deletes nothing.** Run the statements of `purge` from time to time.
 * - **The clock is the wall clock,** because machines share it. It never runs backwards for a job. A clock that is ahead makes limits
 *   expire early.
 * - **Only the memory engine obeys `TestClock`.** Test a cluster with short intervals in real time.
 *
 * @since 0.2.0
 */
import type * as Workflow from "@effect/workflow/Workflow"
import type * as WorkflowEngine from "@effect/workflow/WorkflowEngine"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type { ApiError } from "../ApiError.js"
import * as BatchJobs from "../fireworks/BatchJobs.js"
import type * as Fireworks from "../fireworks/Fireworks.js"
import { checkId } from "../fireworks/internal/jobs/lifecycle.js"
import { reconnecting } from "../fireworks/internal/jobs/trainerOptions.js"
import * as trainerStates from "../fireworks/internal/jobs/trainerStates.js"
import * as trainers from "../fireworks/internal/jobs/trainerWait.js"
import * as TrainerJobs from "../fireworks/TrainerJobs.js"
import type { Limits } from "../internal/job/model.js"
import * as watching from "../internal/job/watching.js"
import { duration, refuse } from "../internal/options.js"
import * as Job from "../Job.js"
import { partName, workflowOf } from "./internal/execution.js"
import type { Plan, PurgeOptions, Status } from "./internal/model.js"
import { statementsOf } from "./internal/purge.js"
import { stored, StoredPast } from "./internal/stored.js"

export type { PurgeOptions, Status } from "./internal/model.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * A kind of durable job. An execution is identified by the job's id.
 *
 * @since 0.2.0
 * @category model
 */
export interface DurableJob<in Input, out Snapshot, out A, out R> {
  readonly name: string
  /** Registers the job with the engine. Provide it on every runner. */
  readonly layer: Layer.Layer<never, never, WorkflowEngine.WorkflowEngine | R>
  /**
   * Starts the execution unless it exists, and waits for its outcome. Interrupting this effect ends the wait and not the
   * execution. If the execution is interrupted, so is this effect.
   */
  readonly execute: (id: string, input: Input) => Effect.Effect<A, ApiError, WorkflowEngine.WorkflowEngine>
  /** Starts the execution unless it exists, and does not wait. Returns once the engine has stored it. */
  readonly start: (id: string, input: Input) => Effect.Effect<void, never, WorkflowEngine.WorkflowEngine>
  /** Returns the status of the execution. Any process that reaches the engine's storage can call it. */
  readonly poll: (id: string) => Effect.Effect<Status<A>, never, WorkflowEngine.WorkflowEngine>
  /** Gets a current snapshot of the job from its server, for example to show its progress. Needs no engine. */
  readonly progress: (id: string) => Effect.Effect<Snapshot, ApiError, R>
  /**
   * Ends the execution when its current step ends, at the latest after 20 minutes. The job itself continues: to stop it, call
   * its server. The id stays used.
   */
  readonly interrupt: (id: string) => Effect.Effect<void, never, WorkflowEngine.WorkflowEngine>
  /**
   * Wakes a waiting execution. It checks whether its wait is over or it was interrupted, and otherwise continues to wait. Call it
   * after an interruption that has no effect, and after `SuspendOnFailure` of the engine.
   */
  readonly resume: (id: string) => Effect.Effect<void, never, WorkflowEngine.WorkflowEngine>
  /**
   * Returns SQL statements that delete the steps of executions that are over. Run them in one transaction, about once a day.
   *
   * For each id, one message and one reply remain: the outcome. While they exist, the id stays used.
   */
  readonly purge: (options?: PurgeOptions) => ReadonlyArray<string>
}

/**
 * Options of all durable jobs.
 *
 * @since 0.2.0
 * @category model
 */
export interface EngineOptions {
  /**
   * The longest wait that is spent in memory, at most 1 minute. A wait in memory stores no rows, but needs about 150 KB, and delays
   * an interruption. Longer waits are stored, and need less than 1 KB.
   * @default 10 seconds; if the option `cap` is at most 1 minute, all waits
   */
  readonly inMemory?: Duration.DurationInput | undefined
  /**
   * The times at which `execute` looks for the outcome. They do not affect the execution itself.
   * @default 200 ms, growing by half each time up to 30 seconds
   */
  readonly suspendedRetrySchedule?: Schedule.Schedule<unknown, unknown> | undefined
}

/**
 * Options of `make`.
 *
 * @since 0.2.0
 * @category model
 */
export interface Options<Input, InputEncoded, Snapshot, A, AEncoded, R> extends EngineOptions {
  /**
   * The name of the workflow: a letter, followed by up to 99 letters, digits, `.`, `_` and `-`. Each durable job of an
   * engine needs its own name. Keep it as long as executions wait.
   */
  readonly name: string
  readonly kind: Job.Kind<Input, Snapshot, A, R>
  /** The schema of the input. Its encoded form must be JSON. */
  readonly input: Schema.Schema<Input, InputEncoded>
  /** The schema of the outcome. Its encoded form must be JSON. */
  readonly outcome: Schema.Schema<A, AEncoded>
  /**
   * The waits between polls, and the limits of the watch. `outage` limits repeated submissions, too.
   * @default those of `Job.await`, with a `cap` of 20 minutes: fewer than 200 polls in two days
   */
  readonly watch?: Job.WatchOptions | undefined
}

// -------------------------------------------------------------------------------------------------
// Constructors
// -------------------------------------------------------------------------------------------------

const namePattern = /^[a-z][\w.-]{0,99}$/i

const checkName = (owner: string, name: string): string =>
  namePattern.test(name)
    ? name
    : refuse(owner, "name", name, "a letter, followed by up to 99 letters, digits, '.', '_' and '-'")

const minute = 60_000

const inMemoryOf = (owner: string, { inMemory }: EngineOptions, { cap, jitter }: Limits): number => {
  if (inMemory === undefined) return cap <= minute ? cap * (1 + jitter) : 10_000
  const millis = Duration.toMillis(duration(owner, "inMemory", inMemory))
  return millis <= minute ? millis : refuse(owner, "inMemory", inMemory, "at most 1 minute")
}

/** Returns the watch options with the default `cap` of durable jobs. */
const spaced = <O extends Job.WatchOptions>(options: O): O => {
  const interval = Duration.decode(options.interval ?? "5 seconds")
  return { ...options, cap: options.cap ?? Duration.max(interval, "20 minutes") }
}

/** Resumes the suspended executions of a series. */
const resumeAll = (
  idOf: (index: number) => Effect.Effect<string>,
  {
    poll,
    resume
  }: Pick<
    Workflow.Workflow<string, Workflow.AnyStructSchema, Schema.Schema.AnyNoContext, Schema.Schema.AnyNoContext>,
    "poll" | "resume"
  >
): Effect.Effect<void, never, WorkflowEngine.WorkflowEngine> => {
  const from = (index: number): Effect.Effect<void, never, WorkflowEngine.WorkflowEngine> =>
    Effect.gen(function* () {
      const id = yield* idOf(index)
      const result = yield* poll(id)
      if (result === undefined) return
      if (result._tag === "Suspended") yield* resume(id)
      yield* from(index + 1)
    })
  return from(0)
}

const fromPlan = <Input, Snapshot, End, A, H, R, Progress>(
  plan: Plan<Input, Snapshot, End, A, H, R>,
  progress: (id: string) => Effect.Effect<Progress, ApiError, R>
): DurableJob<Input, Progress, A, R> => {
  const { layer, part, workflow } = workflowOf(plan)
  const payloadOf = (id: string, index: number, input?: unknown) => ({ id, index, input, position: null })
  const encoded = (id: string, input: Input) =>
    Effect.map(Effect.orDie(Schema.encode(plan.input)(input)), (json) => payloadOf(id, 0, json))
  return {
    name: plan.name,
    layer,
    execute: (id, input) => Effect.flatMap(encoded(id, input), (payload) => workflow.execute(payload)),
    start: (id, input) =>
      Effect.asVoid(Effect.flatMap(encoded(id, input), (payload) => workflow.execute(payload, { discard: true }))),
    poll: (id) =>
      Effect.map(Effect.flatMap(workflow.executionId(payloadOf(id, 0)), workflow.poll), (result): Status<A> => {
        if (result === undefined) return { _tag: "Pending" }
        if (result._tag === "Suspended") return { _tag: "Waiting" }
        if (result.exit._tag === "Success") return { _tag: "Ended", outcome: result.exit.value }
        const { cause } = result.exit
        const failure = Cause.failureOption(cause)
        if (failure._tag === "Some") return { _tag: "Failed", error: failure.value }
        return Cause.isInterruptedOnly(cause) ? { _tag: "Interrupted" } : { _tag: "Died", defect: Cause.squash(cause) }
      }),
    progress,
    interrupt: (id) => Effect.flatMap(workflow.executionId(payloadOf(id, 0)), workflow.interrupt),
    resume: (id) =>
      Effect.zipRight(
        // a part first: the execution waits for it
        resumeAll((index) => part.executionId(payloadOf(id, index)), part),
        resumeAll((index) => workflow.executionId(payloadOf(id, index)), workflow)
      ),
    purge: (options = {}) => statementsOf(plan.name, partName(plan.name), options)
  }
}

/**
 * Makes a durable job from a kind of job.
 *
 * A submission that fails for a passing reason is repeated for as long as `outage` allows; each begins with a lookup of the id.
 * Errors of the execution are settled, and are stored and sent as the schema `ApiError.ApiError`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { WorkflowEngine } from "@effect/workflow"
 * import { Effect, Layer, Schema } from "effect"
 * import { ApiError, type Job } from "effect-reliability"
 * import { DurableJob } from "effect-reliability/workflow"
 *
 * const missing = new ApiError.Fatal({ reason: "NotFound", delivery: "Acknowledged", status: 404 })
 * const pages = new Map<string, number>()
 * const report: Job.Kind<{ readonly topic: string }, number, string> = {
 *   create: (id) => Effect.sync(() => (pages.set(id, 0), 0)),
 *   get: (id) =>
 *     Effect.suspend(() => {
 *       const done = pages.get(id)
 *       if (done === undefined) return missing
 *       pages.set(id, done + 1)
 *       return Effect.succeed(done + 1)
 *     }),
 *   standing: (done) => (done < 3 ? { _tag: "Active" } : { _tag: "Ended", outcome: `${done} pages` }),
 *   isSame: () => true
 * }
 *
 * const Report = DurableJob.make({
 *   name: "Report",
 *   kind: report,
 *   input: Schema.Struct({ topic: Schema.String }),
 *   outcome: Schema.String,
 *   watch: { interval: "10 millis" }
 * })
 *
 * // in production, an engine with storage: see test/examples/durable*.ts
 * const Live = Report.layer.pipe(Layer.provideMerge(WorkflowEngine.layerMemory))
 * const program = Report.execute("report-2026-01", { topic: "reviews" })
 * assert.strictEqual(await Effect.runPromise(program.pipe(Effect.provide(Live))), "3 pages")
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = <Input, InputEncoded, Snapshot, A, AEncoded, R = never>(
  options: Options<Input, InputEncoded, Snapshot, A, AEncoded, R>
): DurableJob<Input, Snapshot, A, R> => made("DurableJob.make", options)

const made = <Input, InputEncoded, Snapshot, A, AEncoded, R>(
  owner: string,
  options: Options<Input, InputEncoded, Snapshot, A, AEncoded, R>
): DurableJob<Input, Snapshot, A, R> => {
  const { kind } = options
  const checked = watching.limits(spaced(options.watch ?? {}), owner)
  const limits = kind.resume === undefined ? { ...checked, resumes: 0 } : checked
  return fromPlan<Input, Snapshot, A, A, null, R, Snapshot>(
    {
      name: checkName(owner, options.name),
      input: stored(options.input),
      outcome: stored(options.outcome),
      submit: (id, input) => Job.submit(kind, id, input),
      watched: kind,
      limits,
      history: { schema: stored(Schema.Null), initial: null, afterGet: () => null, afterResume: () => null },
      conclude: (_, outcome) => Effect.succeed(outcome),
      failed: (error) => error,
      inMemory: inMemoryOf(owner, options, limits),
      suspendedRetrySchedule: options.suspendedRetrySchedule
    },
    kind.get
  )
}

/**
 * Options of `batch`.
 *
 * @since 0.2.0
 * @category model
 */
export interface BatchOptions extends EngineOptions, BatchJobs.WatchOptions {
  /** The name of the workflow. @default "FireworksBatch" */
  readonly name?: string | undefined
  /** The workload of each request that creates a job. @default `Workload.batchSubmission` */
  readonly submission?: BatchJobs.KindOptions["submission"]
}

/**
 * Makes a durable batch job: it submits the batch once, and waits for its end.
 *
 * The options are those of `BatchJobs.await`, but `cap` is 20 minutes by default. The outcomes are those of `BatchJobs.await`, too.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { WorkflowEngine } from "@effect/workflow"
 * import { Effect, Layer } from "effect"
 * import { Fireworks } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 * import { DurableJob } from "effect-reliability/workflow"
 *
 * const timeline = [{ state: "RUNNING", lasts: "20 millis" }, { state: "COMPLETED" }] as const
 * const Api = FireworksServer.layerClient(Fireworks.layer).pipe(
 *   Layer.provide(FireworksServer.layerInMemory({ timeline }))
 * )
 *
 * const Batch = DurableJob.batch({ interval: "5 millis" })
 * const Live = Batch.layer.pipe(Layer.provideMerge(WorkflowEngine.layerMemory), Layer.provide(Api))
 *
 * const program = Batch.execute("nightly-2026-01-01", {
 *   model: "accounts/fireworks/models/kimi-k2",
 *   inputDatasetId: "reviews"
 * })
 * const outcome = await Effect.runPromise(program.pipe(Effect.provide(Live)))
 * assert.strictEqual(outcome._tag, "Completed")
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const batch = (
  options: BatchOptions = {}
): DurableJob<BatchJobs.Description, BatchJobs.BatchJob, BatchJobs.Outcome, Fireworks.Fireworks> => {
  const { name = "FireworksBatch" } = options
  const kind = BatchJobs.kind(options)
  const { inMemory, suspendedRetrySchedule } = options
  return made("DurableJob.batch", {
    name,
    kind,
    input: BatchJobs.Description,
    outcome: BatchJobs.Outcome,
    watch: options,
    inMemory,
    suspendedRetrySchedule
  })
}

/**
 * Options of `trainer`.
 *
 * @since 0.2.0
 * @category model
 */
export interface TrainerOptions extends EngineOptions, TrainerJobs.ReconnectOptions {
  /** The name of the workflow. @default "FireworksTrainer" */
  readonly name?: string | undefined
}

/**
 * Makes a durable wait for a trainer or fine-tuning job that exists: it reconnects to the job, resumes it if it stopped, and waits
 * until it is ready.
 *
 * The options and the outcomes are those of `TrainerJobs.reconnectAndWait`. The count of resumptions and the record of
 * interruptions are stored with each step, so the outcome's `resumed` and `optimizer` cover the wait on all machines.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { WorkflowEngine } from "@effect/workflow"
 * import { Effect, Layer } from "effect"
 * import { Fireworks, TrainerJobs } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 * import { DurableJob } from "effect-reliability/workflow"
 *
 * const timeline = [{ state: "PENDING", lasts: "20 millis" }, { state: "RUNNING" }] as const
 * const Api = FireworksServer.layerClient(Fireworks.layer).pipe(
 *   Layer.provide(FireworksServer.layerInMemory({ timeline, healthyAfter: 0 }))
 * )
 *
 * const Trainer = DurableJob.trainer({ pollInterval: "5 millis", dcpSaveInterval: 20 })
 * const Live = Trainer.layer.pipe(Layer.provideMerge(WorkflowEngine.layerMemory), Layer.provideMerge(Api))
 *
 * const program = Effect.gen(function* () {
 *   yield* TrainerJobs.create({ id: "policy-7", dcpSaveInterval: 20 })
 *   return yield* Trainer.execute("policy-7")
 * })
 * const outcome = await Effect.runPromise(program.pipe(Effect.provide(Live)))
 * assert.strictEqual(outcome._tag, "Ready")
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const trainer = (
  options: TrainerOptions = {}
): DurableJob<void, TrainerJobs.TrainerJob, TrainerJobs.Outcome, Fireworks.Fireworks> => {
  const owner = "DurableJob.trainer"
  const wait = reconnecting(owner, options)
  const limits = watching.limits(wait.limits, owner)
  const watched = trainers.watchedOf(wait)
  return fromPlan<
    void,
    trainers.Sight,
    trainers.Arrival,
    TrainerJobs.Outcome,
    trainerStates.Past,
    Fireworks.Fireworks,
    TrainerJobs.TrainerJob
  >(
    {
      name: checkName(owner, options.name ?? "FireworksTrainer"),
      input: stored(Schema.Void),
      outcome: stored(TrainerJobs.Outcome),
      submit: (id) => Effect.zipRight(checkId(id), trainers.warn(wait.kind, id, wait.atRisk)),
      watched,
      limits,
      history: {
        schema: StoredPast,
        initial: trainerStates.nothingSeen,
        afterGet: (past, { job }, now) => trainerStates.afterSight(past, job, now),
        afterResume: trainers.afterResume
      },
      conclude: (id, arrival, past) => trainers.conclude(id, wait, arrival, past),
      failed: trainers.withOwnOptions,
      inMemory: inMemoryOf(owner, options, limits),
      suspendedRetrySchedule: options.suspendedRetrySchedule
    },
    (id) => Effect.flatMap(checkId(id), wait.get)
  )
}
