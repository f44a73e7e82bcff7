/**
 * Batch inference: thousands of requests in one job, which is submitted once and waited for as long as it takes.
 *
 * A batch costs money twice if it is submitted twice, and its response can get lost like any other. The id of a job is chosen
 * here before the first attempt, and looked up before each attempt that could make a duplicate: after a lost response, and at
 * the start where the caller gives the id. A program that was killed in the middle submits again under the same id, and goes on
 * with the job that there is, whether or not the server refuses duplicate ids.
 *
 * | call | workload, unless the call has its own | what is repeated |
 * | --- | --- | --- |
 * | `submit` | `Workload.batchSubmission`, its deadline around all of it | what was not sent; else after a look for the job |
 * | `get`, `list`, `delete` | `Workload.interactive` | yes |
 * | a look of `await` and `watch` | two attempts within a minute; the next look is another call | yes |
 *
 * Where the provider's documents are silent or contradict each other:
 *
 * - A duplicate id is a 409, by the table of codes; that is seen in the field and promised nowhere.
 * - What a job was made of is compared where both sides tell: the server may have filled in what was not given.
 * - A paused batch is said to go on by itself, and pauses are said to mean a suspended account: it is waited for, as if it
 *   were queued, unless `onPause` says otherwise.
 * - `EARLY_STOPPED` is known of training jobs; a batch that says so is over. A state that is not known yet is active.
 * - There is no call that cancels a batch job, other than to delete it.
 * - A job of an unsupported model may be pending for ever: `queued` bounds that.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ApiError } from "../ApiError.js"
import * as watching from "../internal/job/watching.js"
import { oneOf } from "../internal/options.js"
import { randomId } from "../internal/randomId.js"
import * as Job from "../Job.js"
import * as Workload from "../Workload.js"
import * as Fireworks from "./Fireworks.js"
import { invalidRequest } from "./internal/client.js"
import { controlOf } from "./internal/control.js"
import { maybe, open } from "./internal/decoded.js"
import * as jobs from "./internal/jobs/lifecycle.js"
import { Count } from "./internal/jobs/lifecycle.js"

// -------------------------------------------------------------------------------------------------
// Schemas
// -------------------------------------------------------------------------------------------------

const ProgressStruct = /*#__PURE__*/ Schema.Struct(
  {
    percent: /*#__PURE__*/ maybe(Count),
    totalInputRequests: /*#__PURE__*/ maybe(Count),
    totalProcessedRequests: /*#__PURE__*/ maybe(Count),
    successfullyProcessedRequests: /*#__PURE__*/ maybe(Count),
    failedRequests: /*#__PURE__*/ maybe(Count),
    outputRows: /*#__PURE__*/ maybe(Count),
    inputTokens: /*#__PURE__*/ maybe(Count),
    outputTokens: /*#__PURE__*/ maybe(Count),
    cachedInputTokenCount: /*#__PURE__*/ maybe(Count)
  },
  open
)

/**
 * How far a job has come.
 *
 * @since 0.1.0
 * @category model
 */
export interface Progress extends Schema.Schema.Type<typeof ProgressStruct> {}

/**
 * The JSON form of `Progress`.
 *
 * @since 0.2.0
 * @category model
 */
export interface ProgressEncoded extends Schema.Schema.Encoded<typeof ProgressStruct> {}

/**
 * How far a job has come.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Progress: Schema.Schema<Progress, ProgressEncoded> = ProgressStruct

const BatchJobStruct = /*#__PURE__*/ Schema.Struct(
  {
    /** `accounts/{account}/batchInferenceJobs/{id}`; see `idOf`. */
    name: Schema.String,
    ...jobs.commonFields,
    model: /*#__PURE__*/ maybe(Schema.String),
    inputDatasetId: /*#__PURE__*/ maybe(Schema.String),
    outputDatasetId: /*#__PURE__*/ maybe(Schema.String),
    inferenceParameters: /*#__PURE__*/ maybe(
      /*#__PURE__*/ Schema.Record({ key: Schema.String, value: Schema.Unknown })
    ),
    precision: /*#__PURE__*/ maybe(Schema.String),
    continuedFromJobName: /*#__PURE__*/ maybe(Schema.String),
    jobProgress: /*#__PURE__*/ maybe(Progress)
  },
  open
)

/**
 * A batch job.
 *
 * @since 0.1.0
 * @category model
 */
export interface BatchJob extends Schema.Schema.Type<typeof BatchJobStruct> {}

/**
 * The JSON form of `BatchJob`.
 *
 * @since 0.2.0
 * @category model
 */
export interface BatchJobEncoded extends Schema.Schema.Encoded<typeof BatchJobStruct> {}

/**
 * A batch job; what the API learns tomorrow is kept.
 *
 * @since 0.1.0
 * @category schemas
 */
export const BatchJob: Schema.Schema<BatchJob, BatchJobEncoded> = BatchJobStruct

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * How each request of a batch is answered, where it does not say so itself; fields that are not listed are sent as they are.
 *
 * @since 0.1.0
 * @category model
 */
export interface InferenceParameters {
  readonly maxTokens?: number | undefined
  readonly temperature?: number | undefined
  readonly topP?: number | undefined
  readonly topK?: number | undefined
  readonly n?: number | undefined
  /** Further fields of each request, as JSON. */
  readonly extraBody?: string | undefined
  readonly [parameter: string]: unknown
}

/**
 * What `submit` takes. A job has a model and a data set, or continues another.
 *
 * @since 0.1.0
 * @category model
 */
export interface Submission {
  /**
   * The job's id: up to 63 letters, digits, dashes and underscores. To submit again after a crash, store one of `newId` in a safe
   * place first. A given id is looked up before anything is sent, which the key must allow. @default one of `newId`
   */
  readonly id?: string | undefined
  readonly model?: string | undefined
  /** The id of a data set, or its full name, `accounts/{account}/datasets/{id}`. */
  readonly inputDatasetId?: string | undefined
  /** The same of the data set that will hold the results. @default one that the server makes */
  readonly outputDatasetId?: string | undefined
  readonly inferenceParameters?: InferenceParameters | undefined
  readonly displayName?: string | undefined
  readonly precision?: string | undefined
  /** The id or full name of a job that has expired, whose other rows this one is for. @default none */
  readonly continuedFrom?: string | undefined
  /** Further fields of the job. @default none */
  readonly more?: Readonly<Record<string, unknown>> | undefined
  /** The limits of all of it. @default `Workload.batchSubmission` */
  readonly workload?: Workload.Workload | undefined
}

/**
 * What `get` and `delete` take.
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
  /** How many jobs are asked for at once, from 1 to 200. @default 50 */
  readonly pageSize?: number | undefined
  /** By the rules of AIP-160, such as `state = "JOB_STATE_RUNNING"`. @default all */
  readonly filter?: string | undefined
  /** Such as `create_time desc`. @default the server's */
  readonly orderBy?: string | undefined
}

/**
 * What `await` and `watch` take: how the job is looked for, how long contact may be lost (`outage`), how long it may be queued
 * or active.
 *
 * @since 0.1.0
 * @category model
 */
export interface WatchOptions extends Omit<Job.WatchOptions, "resumes" | "resumed" | "stale"> {
  /** Whether a pause is waited for, or is an end. @default "wait" */
  readonly onPause?: "wait" | "end" | undefined
  /** The limits and retries of each look. @default two attempts within a minute */
  readonly workload?: Workload.Workload | undefined
}

/**
 * How a job has ended.
 *
 * - `Completed`: each request was answered, or is in the file of errors.
 * - `Failed`: the job says why.
 * - `Expired`: its time was over. The rows that were completed are kept, and charged; `continuedFrom` is for the others.
 * - `Cancelled`, `EarlyStopped`: somebody wanted it so.
 * - `Paused`: only with `onPause: "end"`; it may go on.
 *
 * @since 0.1.0
 * @category model
 */
export type Outcome =
  | { readonly _tag: "Completed"; readonly job: BatchJob }
  | {
      readonly _tag: "Failed"
      readonly job: BatchJob
      readonly code: string | undefined
      readonly message: string | undefined
    }
  | {
      readonly _tag: "Expired"
      readonly job: BatchJob
      /** How many rows are in the output data set; undefined if the server does not say. */
      readonly completedRows: number | undefined
    }
  | { readonly _tag: "Cancelled"; readonly job: BatchJob }
  | { readonly _tag: "EarlyStopped"; readonly job: BatchJob }
  | { readonly _tag: "Paused"; readonly job: BatchJob }

// -------------------------------------------------------------------------------------------------
// What a job says
// -------------------------------------------------------------------------------------------------

/**
 * The id of a job: the last part of its name.
 *
 * @since 0.1.0
 * @category getters
 */
export const idOf = (job: BatchJob): string => jobs.idOf(job)

/**
 * The state of a job without its prefix, such as `RUNNING`; states that are not known yet too. `UNSPECIFIED` if it says none.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { BatchJobs } from "effect-reliability/fireworks"
 *
 * assert.strictEqual(BatchJobs.stateOf({ name: "accounts/me/batchInferenceJobs/j", state: "JOB_STATE_RUNNING" }), "RUNNING")
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const stateOf = (job: BatchJob): string => jobs.stateOf(job)

const waiting: ReadonlySet<string> = /*#__PURE__*/ new Set([
  "UNSPECIFIED",
  "CREATING",
  "CREATING_INPUT_DATASET",
  "VALIDATING",
  "PENDING",
  "RE_QUEUEING",
  "PAUSED"
])

const completedRows = ({ jobProgress }: BatchJob): number | undefined =>
  jobProgress?.outputRows ?? jobProgress?.successfullyProcessedRequests ?? undefined

/**
 * What a job means to who waits for it.
 *
 * @since 0.1.0
 * @category getters
 */
export const standingOf = (job: BatchJob, onPause: "wait" | "end" = "wait"): Job.Standing<Outcome> => {
  const state = stateOf(job)
  switch (state) {
    case "COMPLETED":
      return { _tag: "Ended", outcome: { _tag: "Completed", job } }
    case "FAILED":
      return { _tag: "Ended", outcome: { _tag: "Failed", job, ...jobs.whyOf(job) } }
    case "EXPIRED":
      return { _tag: "Ended", outcome: { _tag: "Expired", job, completedRows: completedRows(job) } }
    case "CANCELLED":
      return { _tag: "Ended", outcome: { _tag: "Cancelled", job } }
    case "EARLY_STOPPED":
      return { _tag: "Ended", outcome: { _tag: "EarlyStopped", job } }
    case "PAUSED":
      return onPause === "end" ? { _tag: "Ended", outcome: { _tag: "Paused", job } } : { _tag: "Queued" }
  }
  if (jobs.isRemoved(state)) return { _tag: "Gone" }
  return { _tag: waiting.has(state) ? "Queued" : "Active" }
}

// -------------------------------------------------------------------------------------------------
// Ids
// -------------------------------------------------------------------------------------------------

/**
 * A new id for a job, of 96 bits: the host's, or of another `Random` where one was put in its place.
 *
 * @since 0.1.0
 * @category getters
 */
export const newId: Effect.Effect<string> = /*#__PURE__*/ Effect.map(randomId, (id) => `batch-${id}`)

// -------------------------------------------------------------------------------------------------
// Calls
// -------------------------------------------------------------------------------------------------

type Call<A> = jobs.Call<A>

const path = "/batchInferenceJobs"

const collection = { path, schema: BatchJob }

const bodyOf = (account: string, submission: Submission): Effect.Effect<jobs.Body, ApiError> =>
  Effect.gen(function* () {
    const { continuedFrom, displayName, inferenceParameters, model, more, precision } = submission
    yield* jobs.checkTexts({ model, displayName, precision })
    const inputDatasetId = yield* jobs.nameOf("inputDatasetId", "datasets", account, submission.inputDatasetId)
    const outputDatasetId = yield* jobs.nameOf("outputDatasetId", "datasets", account, submission.outputDatasetId)
    const before = yield* jobs.nameOf("continuedFrom", "batchInferenceJobs", account, continuedFrom)
    if (before === undefined && model === undefined) return yield* invalidRequest("model is missing")
    if (before === undefined && inputDatasetId === undefined) return yield* invalidRequest("inputDatasetId is missing")
    for (const [name, value] of Object.entries(inferenceParameters ?? {})) {
      if (typeof value === "number" && !Number.isFinite(value)) {
        return yield* invalidRequest(`inferenceParameters.${name} is no finite number`)
      }
    }
    const own = {
      model,
      inputDatasetId,
      outputDatasetId,
      inferenceParameters,
      displayName,
      precision,
      continuedFromJobName: before
    }
    return { ...more, ...jobs.given(own) }
  })

const kindOf = (
  workload: Workload.Workload,
  lookup: Workload.Workload,
  onPause?: "wait" | "end"
): Job.Kind<jobs.Body, BatchJob, Outcome, Fireworks.Fireworks> => ({
  create: (id, body) => jobs.create(collection, id, body, workload),
  get: (id) => jobs.get(collection, id, lookup),
  standing: (job) => standingOf(job, onPause),
  isSame: jobs.holds
})

/**
 * Submits a job, once: whatever is lost on the way, and whoever submitted it before, the job of this id and input is the
 * success. One of the same id with another input, or a deleted one, is `Conflict`.
 *
 * `Job.submit` decides what is sent when, and how long a job is looked up. The deadline of the workload is around all of it.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer, Redacted } from "effect"
 * import { BatchJobs, Fireworks } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const Live = Fireworks.layer({ apiKey: Redacted.make("fw-test-key"), accountId: "acme" }).pipe(
 *   Layer.provide(FireworksServer.layerInMemory())
 * )
 *
 * const program = BatchJobs.submit({
 *   id: "reviews-2026-01-01",
 *   model: "accounts/fireworks/models/kimi-k2",
 *   inputDatasetId: "reviews"
 * })
 *
 * // the second finds what the first has made
 * const twice = Effect.zip(program, program)
 * const [first, second] = await Effect.runPromise(twice.pipe(Effect.provide(Live)))
 * assert.strictEqual(BatchJobs.idOf(first), BatchJobs.idOf(second))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const submit = (submission: Submission): Call<BatchJob> =>
  Effect.gen(function* () {
    const { workload = Workload.batchSubmission } = submission
    const control = controlOf(yield* Fireworks.Fireworks)
    const id = yield* jobs.checkId(submission.id ?? (yield* newId))
    const body = yield* bodyOf(yield* control.accountId, submission)
    const options = { deadline: workload.deadline, isNew: submission.id === undefined }
    return yield* Job.submit(kindOf(workload, workload), id, body, options)
  })

/**
 * Looks a job up; `NotFound` where there is none of that id.
 *
 * @since 0.1.0
 * @category getters
 */
export const get = (id: string, options: CallOptions = {}): Call<BatchJob> =>
  Effect.flatMap(jobs.checkId(id), (id) => jobs.get(collection, id, options.workload ?? Workload.interactive))

/**
 * Lists the jobs of the account, one page after another as they are asked for.
 *
 * @since 0.1.0
 * @category getters
 */
export const list = (options: ListOptions = {}): Stream.Stream<BatchJob, ApiError, Fireworks.Fireworks> => {
  const { filter, orderBy, workload = Workload.interactive } = options
  const pageSize = jobs.pageSizeOf("BatchJobs.list", options.pageSize)
  return jobs.listed({ ...collection, key: "batchInferenceJobs", workload, parameters: { pageSize, filter, orderBy } })
}

const delete_ = (id: string, options: CallOptions = {}): Call<void> =>
  Effect.flatMap(jobs.checkId(id), (id) => jobs.remove(path, id, options.workload ?? Workload.interactive))

const watched = (owner: string, options: WatchOptions) => {
  oneOf(owner, "onPause", options.onPause ?? "wait", ["wait", "end"])
  // refuses bad options here, and not where the job is looked for
  watching.limits(options, owner)
  const workload = options.workload ?? jobs.looking
  return kindOf(workload, workload, options.onPause)
}

const await_ = (id: string, options: WatchOptions = {}): Call<Outcome> => {
  const kind = watched("BatchJobs.await", options)
  return Effect.flatMap(jobs.checkId(id), (id) => Job.await(kind, id, options))
}

/**
 * Watches a job: each snapshot of it that was seen, the last one that of its end. Losing contact only makes the next one
 * later; a replica that lags behind may show an older one after a newer.
 *
 * @example
 * ```ts
 * import { Effect, Layer, Redacted, Stream } from "effect"
 * import { BatchJobs, Fireworks } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const timeline = [{ state: "RUNNING", lasts: "20 millis" }, { state: "COMPLETED" }] as const
 * const Live = Fireworks.layer({ apiKey: Redacted.make("fw-test-key"), accountId: "acme" }).pipe(
 *   Layer.provide(FireworksServer.layerInMemory({ timeline }))
 * )
 *
 * const program = Effect.gen(function* () {
 *   const job = yield* BatchJobs.submit({ model: "accounts/fireworks/models/kimi-k2", inputDatasetId: "reviews" })
 *   const snapshots = BatchJobs.watch(BatchJobs.idOf(job), { interval: "5 millis", outage: "6 hours" })
 *   yield* Stream.runForEach(snapshots, (job) => Effect.log(BatchJobs.stateOf(job), job.jobProgress?.percent))
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
): Stream.Stream<BatchJob, ApiError, Fireworks.Fireworks> => {
  const kind = watched("BatchJobs.watch", options)
  return Stream.unwrap(Effect.map(jobs.checkId(id), (id) => Job.watch(kind, id, options)))
}

export {
  /**
   * Waits for the end of a job, as long as it takes; its limits, or a `Deadline.within` around it, say when to stop. What it
   * fails with is never the job's failure: that is an outcome. A job that was deleted is `NotFound`.
   *
   * @example
   * ```ts
   * import * as assert from "node:assert"
   * import { Effect, Layer, Redacted } from "effect"
   * import { BatchJobs, Fireworks } from "effect-reliability/fireworks"
   * import { FireworksServer } from "effect-reliability/testing"
   *
   * const timeline = [{ state: "RUNNING", lasts: "20 millis" }, { state: "EXPIRED" }] as const
   * const Live = Fireworks.layer({ apiKey: Redacted.make("fw-test-key"), accountId: "acme" }).pipe(
   *   Layer.provide(FireworksServer.layerInMemory({ timeline }))
   * )
   *
   * const program = Effect.gen(function* () {
   *   const job = yield* BatchJobs.submit({ model: "accounts/fireworks/models/kimi-k2", inputDatasetId: "reviews" })
   *   return yield* BatchJobs.await(BatchJobs.idOf(job), { interval: "5 millis" })
   * })
   *
   * const outcome = await Effect.runPromise(program.pipe(Effect.provide(Live)))
   * assert.strictEqual(outcome._tag, "Expired") // and `outcome.completedRows` says how many rows are there
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
