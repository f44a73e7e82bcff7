/**
 * Batch inference: thousands of requests in one job, which is submitted once and waited for as long as it takes.
 *
 * A batch costs money twice if it is submitted twice, and its answer can get lost like any other. The id of a job is chosen
 * here before the first try, so that a lost answer is looked up by it; the server refuses a second job of the same id. A
 * program that was killed in the middle submits again under the same id, and goes on with the job that there is.
 *
 * | call | workload, where nobody says more | what is repeated |
 * | --- | --- | --- |
 * | `submit` | `Workload.batchSubmission`, its deadline around all of it | under the same id, after a look for the job |
 * | `get`, `list`, `delete` | `Workload.interactive` | yes |
 * | a look of `await` and `watch` | two tries within a minute; the next look is another call | yes |
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
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { type ApiError, settle, unsafeMake } from "../ApiError.js"
import * as Deadline from "../Deadline.js"
import { number, oneOf } from "../internal/options.js"
import { randomId } from "../internal/randomId.js"
import * as Job from "../Job.js"
import * as Retry from "../Retry.js"
import * as Workload from "../Workload.js"
import * as Fireworks from "./Fireworks.js"
import { invalidRequest } from "./internal/client.js"
import { altered } from "./internal/confidential.js"
import { decoded } from "./internal/decoded.js"

// -------------------------------------------------------------------------------------------------
// Schemas
// -------------------------------------------------------------------------------------------------

const open = { key: Schema.String, value: Schema.Unknown } as const

const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

// JSON of protocol buffers writes 64-bit numbers as texts
const Count = /*#__PURE__*/ Schema.Union(Schema.Number, Schema.NumberFromString)

/**
 * How far a job has come.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Progress = /*#__PURE__*/ Schema.Struct(
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
export type Progress = typeof Progress.Type

const fields = {
  /** With its prefix, `JOB_STATE_`; see `stateOf`. */
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
  displayName: /*#__PURE__*/ maybe(Schema.String),
  createTime: /*#__PURE__*/ maybe(Schema.String),
  updateTime: /*#__PURE__*/ maybe(Schema.String),
  createdBy: /*#__PURE__*/ maybe(Schema.String),
  model: /*#__PURE__*/ maybe(Schema.String),
  inputDatasetId: /*#__PURE__*/ maybe(Schema.String),
  outputDatasetId: /*#__PURE__*/ maybe(Schema.String),
  inferenceParameters: /*#__PURE__*/ maybe(/*#__PURE__*/ Schema.Record({ key: Schema.String, value: Schema.Unknown })),
  precision: /*#__PURE__*/ maybe(Schema.String),
  continuedFromJobName: /*#__PURE__*/ maybe(Schema.String),
  jobProgress: /*#__PURE__*/ maybe(Progress)
}

/**
 * A batch job; what the API learns tomorrow is kept.
 *
 * @since 0.1.0
 * @category schemas
 */
export const BatchJob = /*#__PURE__*/ Schema.Struct(
  {
    /** `accounts/{account}/batchInferenceJobs/{id}`; see `idOf`. */
    name: Schema.String,
    ...fields
  },
  open
)

/**
 * A batch job.
 *
 * @since 0.1.0
 * @category model
 */
export type BatchJob = typeof BatchJob.Type

// what is told of a job that was made a moment ago need not be all of it
const Created = /*#__PURE__*/ Schema.Struct({ name: /*#__PURE__*/ maybe(Schema.String), ...fields }, open)

const Page = /*#__PURE__*/ Schema.Struct(
  {
    batchInferenceJobs: /*#__PURE__*/ maybe(/*#__PURE__*/ Schema.Array(BatchJob)),
    nextPageToken: /*#__PURE__*/ maybe(Schema.String)
  },
  open
)

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
   * The job's id: up to 63 letters, digits, dashes and underscores. Whoever may have to submit again, after a crash, keeps one
   * of `newId` in a safe place first. @default one of `newId`
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
  /** The limits and retries of each look. @default two tries within a minute */
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
export const idOf = (job: BatchJob): string => job.name.slice(job.name.lastIndexOf("/") + 1)

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
export const stateOf = (job: BatchJob): string => (job.state ?? "").replace(/^JOB_STATE_/, "") || "UNSPECIFIED"

const waiting: ReadonlySet<string> = /*#__PURE__*/ new Set([
  "UNSPECIFIED",
  "CREATING",
  "CREATING_INPUT_DATASET",
  "VALIDATING",
  "PENDING",
  "RE_QUEUEING",
  "PAUSED"
])

const removed: ReadonlySet<string> = /*#__PURE__*/ new Set(["DELETING", "DELETING_CLEANING_UP", "DELETED", "ARCHIVED"])

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
    case "FAILED": {
      const { code, message } = job.status ?? {}
      const outcome = { code: code === undefined ? undefined : String(code), message: message ?? undefined }
      return { _tag: "Ended", outcome: { _tag: "Failed", job, ...outcome } }
    }
    case "EXPIRED":
      return { _tag: "Ended", outcome: { _tag: "Expired", job, completedRows: completedRows(job) } }
    case "CANCELLED":
      return { _tag: "Ended", outcome: { _tag: "Cancelled", job } }
    case "EARLY_STOPPED":
      return { _tag: "Ended", outcome: { _tag: "EarlyStopped", job } }
    case "PAUSED":
      return onPause === "end" ? { _tag: "Ended", outcome: { _tag: "Paused", job } } : { _tag: "Queued" }
  }
  if (removed.has(state)) return { _tag: "Gone" }
  return { _tag: waiting.has(state) ? "Queued" : "Active" }
}

// -------------------------------------------------------------------------------------------------
// Ids
// -------------------------------------------------------------------------------------------------

/**
 * A new id for a job, of 96 bits by the `Random` service.
 *
 * @since 0.1.0
 * @category getters
 */
export const newId: Effect.Effect<string> = /*#__PURE__*/ Effect.map(randomId, (id) => `batch-${id}`)

const idPattern = /^[a-z0-9][\w-]{0,62}$/i

const checkId = (id: string): Effect.Effect<string, ApiError> =>
  typeof id === "string" && idPattern.test(id)
    ? Effect.succeed(id)
    : invalidRequest("id must be 1 to 63 letters, digits, dashes and underscores, the first a letter or digit")

/** A full name of a resource, from one or from an id alone. */
const nameOf = (
  field: string,
  collection: string,
  account: string,
  given: string | undefined
): Effect.Effect<string | undefined, ApiError> => {
  if (given === undefined) return Effect.succeed(undefined)
  const [all, , found] = /^(accounts\/[\w.-]+\/(\w+)\/)?[\w.-]+$/.exec(given) ?? []
  if (all === undefined || (found !== undefined && found !== collection)) {
    return invalidRequest(`${field} must be an id, or accounts/{account}/${collection}/{id}`)
  }
  return Effect.succeed(given.includes("/") ? given : `accounts/${account}/${collection}/${given}`)
}

// -------------------------------------------------------------------------------------------------
// Calls
// -------------------------------------------------------------------------------------------------

type Call<A> = Effect.Effect<A, ApiError, Fireworks.Service>

const path = "/batchInferenceJobs"

const call = <A, I>(
  request: HttpClientRequest.HttpClientRequest,
  schema: Schema.Schema<A, I>,
  workload: Workload.Workload,
  idempotency?: Workload.Idempotency
): Call<A> =>
  Effect.flatMap(Fireworks.Service, ({ control }) =>
    Effect.flatMap(control.request(request, workload, idempotency), decoded(schema))
  )

// a look is followed by another: tries of its own only bridge a hiccup
const looking = /*#__PURE__*/ Workload.make({
  name: "batchPolling",
  timeouts: { attempt: "25 seconds" },
  deadline: "1 minute",
  retry: /*#__PURE__*/ Retry.make({ attempts: 2 }),
  idempotency: "safe"
})

/** What is sent, but for the id. */
type Body = Readonly<Record<string, unknown>>

const bodyOf = (account: string, submission: Submission): Effect.Effect<Body, ApiError> =>
  Effect.gen(function* () {
    const { continuedFrom, displayName, inferenceParameters, model, more, precision } = submission
    for (const [field, value] of Object.entries({ model, displayName, precision })) {
      if (value !== undefined && (typeof value !== "string" || value.trim() === "")) {
        return yield* invalidRequest(`${field} is empty`)
      }
    }
    const inputDatasetId = yield* nameOf("inputDatasetId", "datasets", account, submission.inputDatasetId)
    const outputDatasetId = yield* nameOf("outputDatasetId", "datasets", account, submission.outputDatasetId)
    const before = yield* nameOf("continuedFrom", "batchInferenceJobs", account, continuedFrom)
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
    return { ...more, ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) }
  })

/** What JSON of protocol buffers leaves out. */
const isDefault = (value: unknown): boolean =>
  value === undefined || value === null || value === 0 || value === "" || value === false

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Whether all that was given is there. */
const holds = (there: unknown, given: unknown): boolean => {
  if (isDefault(given)) return isDefault(there)
  if (isRecord(given)) {
    const fields = isRecord(there) ? there : {}
    return Object.entries(given).every(([key, value]) => holds(fields[key], value))
  }
  if (Array.isArray(given)) {
    return Array.isArray(there) && there.length === given.length && given.every((value, n) => holds(there[n], value))
  }
  // 64-bit numbers come back as texts, and names may come back in full
  const [found, wanted] = [String(there), String(given)]
  return found === wanted || found.endsWith(`/${wanted}`) || wanted.endsWith(`/${found}`)
}

const kindOf = (
  workload: Workload.Workload,
  lookup: Workload.Workload,
  onPause?: "wait" | "end"
): Job.Kind<Body, BatchJob, Outcome, Fireworks.Service> => ({
  create: (id, body) =>
    HttpClientRequest.post(path).pipe(
      HttpClientRequest.setUrlParam("batchInferenceJobId", id),
      HttpClientRequest.bodyJson(body),
      Effect.mapError(() => invalidRequest("the job holds something that JSON cannot hold")),
      Effect.flatMap((request) => call(request, Created, workload, "keyed")),
      Effect.flatMap((created) => {
        const job = { ...body, ...created, name: created.name ?? id }
        // it would not be found by the id that was given
        return idOf(job) === id ? Effect.succeed(job) : Effect.fail(anotherId())
      })
    ),
  get: (id) => call(HttpClientRequest.get(`${path}/${id}`), BatchJob, lookup),
  standing: (job) => standingOf(job, onPause),
  isSame: holds
})

const anotherId = (): ApiError =>
  unsafeMake(
    { class: "Fatal", reason: "Decode" },
    { delivery: "Acknowledged", status: 200, attempts: 1, detail: "the server made a job of another id" }
  )

/**
 * Submits a job, once: whatever is lost on the way, and whoever submitted it before, the job of this id and input is the
 * success. One of the same id with another input, or a deleted one, is `Conflict`.
 *
 * What is sent when, and how long an answer that got lost is looked for, is `Job.submit`'s matter; the deadline of the
 * workload is around all of it.
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
    const { control } = yield* Fireworks.Service
    const id = yield* checkId(submission.id ?? (yield* newId))
    const body = yield* bodyOf(yield* control.accountId, submission)
    return yield* Job.submit(kindOf(workload, workload), id, body).pipe(
      Deadline.within(workload.deadline),
      Effect.mapError((error) =>
        error.phase === "deadline" && error.remedy === undefined
          ? settle(altered(error, { remedy: remedyOf(id) }), Math.max(1, error.attempts))
          : error
      )
    )
  })

const remedyOf = (id: string): string =>
  `The job may exist: submit it again under the id ${id}, and it is found instead of made twice.`

/**
 * Looks a job up; `NotFound` where there is none of that id.
 *
 * @since 0.1.0
 * @category getters
 */
export const get = (id: string, options: CallOptions = {}): Call<BatchJob> =>
  Effect.flatMap(checkId(id), (id) =>
    call(HttpClientRequest.get(`${path}/${id}`), BatchJob, options.workload ?? Workload.interactive)
  )

/**
 * Lists the jobs of the account, one page after another as they are asked for.
 *
 * @since 0.1.0
 * @category getters
 */
export const list = (options: ListOptions = {}): Stream.Stream<BatchJob, ApiError, Fireworks.Service> => {
  const { filter, orderBy, workload = Workload.interactive } = options
  const pageSize = number("BatchJobs.list", "pageSize", options.pageSize ?? 50, { integer: true, min: 1, max: 200 })
  return Stream.paginateChunkEffect("", (pageToken) =>
    HttpClientRequest.get(path).pipe(
      HttpClientRequest.setUrlParams({
        pageSize,
        ...(pageToken !== "" && { pageToken }),
        ...(filter !== undefined && { filter }),
        ...(orderBy !== undefined && { orderBy })
      }),
      (request) => call(request, Page, workload),
      Effect.flatMap(({ batchInferenceJobs, nextPageToken }) => {
        const next = Option.filter(Option.fromNullable(nextPageToken), (token) => token !== "")
        // the page after it would be the same, and so on
        if (Equal.equals(next, Option.some(pageToken))) return Effect.fail(endless())
        return Effect.succeed([Chunk.fromIterable(batchInferenceJobs ?? []), next] as const)
      })
    )
  )
}

const endless = (): ApiError =>
  unsafeMake(
    { class: "Fatal", reason: "Decode" },
    { delivery: "Acknowledged", status: 200, attempts: 1, detail: "nextPageToken leads to the page that it is on" }
  )

const delete_ = (id: string, options: CallOptions = {}): Call<void> =>
  Effect.flatMap(checkId(id), (id) =>
    call(HttpClientRequest.del(`${path}/${id}`), Schema.Unknown, options.workload ?? Workload.interactive).pipe(
      Effect.asVoid,
      // an earlier try has done it
      Effect.catchIf(
        (error) => error.reason === "NotFound" && error.attempts > 1,
        () => Effect.void
      )
    )
  )

const watched = (owner: string, options: WatchOptions) => {
  oneOf(owner, "onPause", options.onPause ?? "wait", ["wait", "end"])
  // refuses bad options here, and not where the job is looked for
  Job.limits(options)
  const workload = options.workload ?? looking
  return kindOf(workload, workload, options.onPause)
}

const await_ = (id: string, options: WatchOptions = {}): Call<Outcome> => {
  const kind = watched("BatchJobs.await", options)
  return Effect.flatMap(checkId(id), (id) => Job.await(kind, id, options))
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
export const watch = (id: string, options: WatchOptions = {}): Stream.Stream<BatchJob, ApiError, Fireworks.Service> => {
  const kind = watched("BatchJobs.watch", options)
  return Stream.unwrap(Effect.map(checkId(id), (id) => Job.watch(kind, id, options)))
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
