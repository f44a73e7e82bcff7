/**
 * Batch inference: submit a job of thousands of requests once, and wait for its end.
 *
 * A batch that is submitted twice is charged twice, and the response to its submission can get lost. This module chooses the
 * job's id before the first attempt. It looks the id up before each send that could create a duplicate: after a lost response,
 * and before the first send if the caller gives the id. After a crash, submit again with the same id to continue with the
 * existing job. This works whether or not the server refuses duplicate ids.
 *
 * | call | default workload | repeated |
 * | --- | --- | --- |
 * | `submit` | `Workload.batchSubmission`; one deadline for the whole submission | if not sent, or after a lookup of the job |
 * | `get`, `list`, `delete` | `Workload.interactive` | yes |
 * | a poll of `await` and `watch` | two attempts within a minute; the next poll is a separate call | yes |
 *
 * Our choices where the provider's documentation is silent or contradictory:
 *
 * - A duplicate id is a 409 according to the table of status codes. This was observed, and is not guaranteed.
 * - Only the fields that the caller gave are compared with an existing job, because the server may add others.
 * - The documentation says that a paused batch resumes by itself, and also that a pause means a suspended account. A paused
 *   batch counts as queued, unless `onPause` is `"end"`.
 * - `EARLY_STOPPED` is documented for training jobs. A batch in this state has ended. Unknown states count as active.
 * - No call cancels a batch job. `delete` stops it.
 * - A job for an unsupported model may stay pending forever. Set `queued` to bound the wait.
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
 * The progress of a job.
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
 * The progress of a job.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Progress: Schema.Schema<Progress, ProgressEncoded> = ProgressStruct

const BatchJobStruct = /*#__PURE__*/ Schema.Struct(
  {
    /** The full name, `accounts/{account}/batchInferenceJobs/{id}`; see `idOf`. */
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
 * A batch job. Decoding keeps unknown fields.
 *
 * @since 0.1.0
 * @category schemas
 */
export const BatchJob: Schema.Schema<BatchJob, BatchJobEncoded> = BatchJobStruct

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * Default parameters for the requests of a batch; a request may override them. Other fields are sent unchanged.
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
  /** Additional fields of each request, as a JSON string. */
  readonly extraBody?: string | undefined
  readonly [parameter: string]: unknown
}

/**
 * The description of a batch job, without its id. Set `model` and `inputDatasetId`, or `continuedFrom`.
 *
 * @since 0.2.0
 * @category model
 */
export interface Description {
  readonly model?: string | undefined
  /** The id of the input data set, or its full name, `accounts/{account}/datasets/{id}`. */
  readonly inputDatasetId?: string | undefined
  /** The id or full name of the data set for the results. @default a data set that the server creates */
  readonly outputDatasetId?: string | undefined
  readonly inferenceParameters?: InferenceParameters | undefined
  readonly displayName?: string | undefined
  readonly precision?: string | undefined
  /** The id or full name of an expired job. The new job processes its remaining rows. @default none */
  readonly continuedFrom?: string | undefined
  /** Additional fields of the job. @default none */
  readonly more?: Readonly<Record<string, unknown>> | undefined
}

/**
 * Options of `submit`: the job's description, and how to submit it.
 *
 * @since 0.1.0
 * @category model
 */
export interface Submission extends Description {
  /**
   * The job's id: 1 to 63 letters, digits, dashes and underscores, the first a letter or digit.
   *
   * To submit again after a crash, create the id with `newId` and store it before the first call. A given id is looked up
   * before anything is sent, so the API key must be allowed to read jobs. @default a new id from `newId`
   */
  readonly id?: string | undefined
  /** The workload of each call. Its deadline covers the whole submission. @default `Workload.batchSubmission` */
  readonly workload?: Workload.Workload | undefined
}

/**
 * Options of `get` and `delete`.
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
  /** The number of jobs per page, from 1 to 200. @default 50 */
  readonly pageSize?: number | undefined
  /** A filter in the syntax of AIP-160, such as `state = "JOB_STATE_RUNNING"`. @default all jobs */
  readonly filter?: string | undefined
  /** The order, such as `create_time desc`. @default the order of the server */
  readonly orderBy?: string | undefined
}

/**
 * Options of `await` and `watch`: the waits between polls, and limits for lost contact (`outage`), the queue and the work.
 *
 * @since 0.1.0
 * @category model
 */
export interface WatchOptions extends Omit<Job.WatchOptions, "resumes" | "resumed" | "stale"> {
  /** The treatment of a paused job: `"wait"` counts it as queued, `"end"` returns `Paused`. @default "wait" */
  readonly onPause?: "wait" | "end" | undefined
  /** The workload of each poll. @default two attempts within a minute */
  readonly workload?: Workload.Workload | undefined
}

/**
 * The end of a job.
 *
 * - `Completed`: each request has a response, or an entry in the error file.
 * - `Failed`: `code` and `message` say why, if the job does.
 * - `Expired`: the job ran out of time. Completed rows are kept and charged. To process the others, submit a job with
 *   `continuedFrom`.
 * - `Cancelled`, `EarlyStopped`: the job was stopped on request.
 * - `Paused`: returned only with `onPause: "end"`; the job may continue.
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
      /** The number of rows in the output data set; undefined if the server does not report it. */
      readonly completedRows: number | undefined
    }
  | { readonly _tag: "Cancelled"; readonly job: BatchJob }
  | { readonly _tag: "EarlyStopped"; readonly job: BatchJob }
  | { readonly _tag: "Paused"; readonly job: BatchJob }

/**
 * The JSON form of `Outcome`.
 *
 * @since 0.2.0
 * @category model
 */
export type OutcomeEncoded =
  | { readonly _tag: "Completed" | "Cancelled" | "EarlyStopped" | "Paused"; readonly job: BatchJobEncoded }
  | {
      readonly _tag: "Failed"
      readonly job: BatchJobEncoded
      readonly code: string | undefined
      readonly message: string | undefined
    }
  | { readonly _tag: "Expired"; readonly job: BatchJobEncoded; readonly completedRows: number | undefined }

// JSON drops undefined fields; decoding reads a missing field as undefined
const Text = /*#__PURE__*/ Schema.UndefinedOr(Schema.String)

/**
 * The end of a job, to store it or to send it to another process.
 *
 * @since 0.2.0
 * @category schemas
 */
export const Outcome: Schema.Schema<Outcome, OutcomeEncoded> = /*#__PURE__*/ Schema.Union(
  /*#__PURE__*/ Schema.Struct({
    _tag: /*#__PURE__*/ Schema.Literal("Completed", "Cancelled", "EarlyStopped", "Paused"),
    job: BatchJob
  }),
  /*#__PURE__*/ Schema.Struct({
    _tag: /*#__PURE__*/ Schema.Literal("Failed"),
    job: BatchJob,
    code: Text,
    message: Text
  }),
  /*#__PURE__*/ Schema.Struct({
    _tag: /*#__PURE__*/ Schema.Literal("Expired"),
    job: BatchJob,
    completedRows: /*#__PURE__*/ Schema.UndefinedOr(Schema.Number)
  })
)

const OptionalText = /*#__PURE__*/ Schema.optional(Schema.String)
const OptionalNumber = /*#__PURE__*/ Schema.optional(Schema.Number)

/**
 * The description of a batch job, to store it or to send it to another process.
 *
 * @since 0.2.0
 * @category schemas
 */
export const Description: Schema.Schema<Description> = /*#__PURE__*/ Schema.Struct({
  model: OptionalText,
  inputDatasetId: OptionalText,
  outputDatasetId: OptionalText,
  inferenceParameters: /*#__PURE__*/ Schema.optional(
    /*#__PURE__*/ Schema.Struct(
      {
        maxTokens: OptionalNumber,
        temperature: OptionalNumber,
        topP: OptionalNumber,
        topK: OptionalNumber,
        n: OptionalNumber,
        extraBody: OptionalText
      },
      open
    )
  ),
  displayName: OptionalText,
  precision: OptionalText,
  continuedFrom: OptionalText,
  more: /*#__PURE__*/ Schema.optional(/*#__PURE__*/ Schema.Record({ key: Schema.String, value: Schema.Unknown }))
})

// -------------------------------------------------------------------------------------------------
// Reading a job
// -------------------------------------------------------------------------------------------------

/**
 * Returns the id of a job: the last part of its name.
 *
 * @since 0.1.0
 * @category getters
 */
export const idOf = (job: BatchJob): string => jobs.idOf(job)

/**
 * Returns the state of a job without its prefix, such as `RUNNING`, or `UNSPECIFIED` if it has none. Unknown states are
 * returned too.
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
 * Returns the standing of a job for `Job.watch` and `Job.await`.
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
 * Generates a new job id with 96 random bits, from the host's crypto API or from a custom `Random` service.
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

/** Returns the fields of a job. Ids become full names, unless the account is not known. */
const fieldsOf = (account: string | undefined, description: Description): jobs.Body => {
  const { displayName, inferenceParameters, model, more, precision } = description
  const own = {
    model,
    inputDatasetId: jobs.fullName("datasets", account, description.inputDatasetId),
    outputDatasetId: jobs.fullName("datasets", account, description.outputDatasetId),
    inferenceParameters,
    displayName,
    precision,
    continuedFromJobName: jobs.fullName("batchInferenceJobs", account, description.continuedFrom)
  }
  return { ...more, ...jobs.given(own) }
}

const bodyOf = (account: string, description: Description): Effect.Effect<jobs.Body, ApiError> =>
  Effect.gen(function* () {
    const { continuedFrom, displayName, inferenceParameters, inputDatasetId, model, precision } = description
    yield* jobs.checkTexts({ model, displayName, precision })
    yield* jobs.nameOf("inputDatasetId", "datasets", account, inputDatasetId)
    yield* jobs.nameOf("outputDatasetId", "datasets", account, description.outputDatasetId)
    yield* jobs.nameOf("continuedFrom", "batchInferenceJobs", account, continuedFrom)
    if (continuedFrom === undefined && model === undefined) return yield* invalidRequest("model is missing")
    if (continuedFrom === undefined && inputDatasetId === undefined) {
      return yield* invalidRequest("inputDatasetId is missing")
    }
    for (const [name, value] of Object.entries(inferenceParameters ?? {})) {
      if (typeof value === "number" && !Number.isFinite(value)) {
        return yield* invalidRequest(`inferenceParameters.${name} must be a finite number`)
      }
    }
    return fieldsOf(account, description)
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
 * Options of `kind`.
 *
 * @since 0.2.0
 * @category model
 */
export interface KindOptions extends Pick<WatchOptions, "onPause" | "workload"> {
  /** The workload of each request that creates a job. @default `Workload.batchSubmission` */
  readonly submission?: Workload.Workload | undefined
}

const accountPattern = /^accounts\/([^/]+)\//

/**
 * Returns batch jobs as a kind of job, for `Job` and for engines that run its steps, such as `DurableJob`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect, Layer } from "effect"
 * import { Job } from "effect-reliability"
 * import { BatchJobs, Fireworks } from "effect-reliability/fireworks"
 * import { FireworksServer } from "effect-reliability/testing"
 *
 * const timeline = [{ state: "RUNNING", lasts: "20 millis" }, { state: "COMPLETED" }] as const
 * const Live = FireworksServer.layerClient(Fireworks.layer).pipe(
 *   Layer.provide(FireworksServer.layerInMemory({ timeline }))
 * )
 *
 * const kind = BatchJobs.kind()
 * const description = { model: "accounts/fireworks/models/kimi-k2", inputDatasetId: "reviews" }
 * const program = Job.submit(kind, "nightly", description).pipe(
 *   Effect.zipRight(Job.await(kind, "nightly", { interval: "5 millis" }))
 * )
 *
 * const outcome = await Effect.runPromise(program.pipe(Effect.provide(Live)))
 * assert.strictEqual(outcome._tag, "Completed")
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const kind = (options: KindOptions = {}): Job.Kind<Description, BatchJob, Outcome, Fireworks.Fireworks> => {
  const { submission = Workload.batchSubmission, workload = jobs.looking } = options
  const onPause = oneOf("BatchJobs.kind", "onPause", options.onPause ?? "wait", ["wait", "end"])
  return {
    create: (id, description) =>
      Effect.gen(function* () {
        const control = controlOf(yield* Fireworks.Fireworks)
        const body = yield* bodyOf(yield* control.accountId, description)
        return yield* jobs.create(collection, yield* jobs.checkId(id), body, submission)
      }),
    get: (id) => Effect.flatMap(jobs.checkId(id), (id) => jobs.get(collection, id, workload)),
    standing: (job) => standingOf(job, onPause),
    isSame: (job, description) => jobs.holds(job, fieldsOf(accountPattern.exec(job.name)?.[1], description))
  }
}

/**
 * Submits a job once, and returns it.
 *
 * If a job with this id and input exists already, `submit` succeeds with that job. A lost response does not create a second
 * job. Fails with `Conflict` if the id belongs to a deleted job, or to a job with a different input.
 *
 * `Job.submit` decides when to send and when to look the job up. The deadline of the workload covers the whole submission.
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
 * // the second submission finds the job of the first
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
 * Gets a job by id. Fails with `NotFound` if no job has the id.
 *
 * @since 0.1.0
 * @category getters
 */
export const get = (id: string, options: CallOptions = {}): Call<BatchJob> =>
  Effect.flatMap(jobs.checkId(id), (id) => jobs.get(collection, id, options.workload ?? Workload.interactive))

/**
 * Returns a stream of the account's jobs. Pages are fetched on demand.
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
  // throws on invalid options here, and not when the job is polled
  watching.limits(options, owner)
  const workload = options.workload ?? jobs.looking
  return kindOf(workload, workload, options.onPause)
}

const await_ = (id: string, options: WatchOptions = {}): Call<Outcome> => {
  const kind = watched("BatchJobs.await", options)
  return Effect.flatMap(jobs.checkId(id), (id) => Job.await(kind, id, options))
}

/**
 * Returns a stream of the job's snapshots. The last snapshot is that of its end.
 *
 * A loss of contact only delays the next snapshot, within the limits of the options. A lagging replica may return an older
 * snapshot after a newer one.
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
   * Waits for the end of a job, and returns the outcome.
   *
   * By default only a loss of contact is limited (`outage`), not the total time. Set limits in the options, or use
   * `Deadline.within`. A failed job is the outcome `Failed`, not an error. If the job was deleted, the wait fails with
   * `NotFound`.
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
   * assert.strictEqual(outcome._tag, "Expired") // `outcome.completedRows` is the number of completed rows
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
