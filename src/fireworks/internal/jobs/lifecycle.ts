/**
 * Shared code for all kinds of jobs: ids and names, and the calls that create, get, list, compare and delete them.
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
import type { ApiError } from "../../../ApiError.js"
import { unsafeMake } from "../../../internal/apiError/unsafeMake.js"
import { number } from "../../../internal/options.js"
import type * as Reliability from "../../../Reliability.js"
import * as Retry from "../../../Retry.js"
import * as Workload from "../../../Workload.js"
import * as Fireworks from "../../Fireworks.js"
import { invalidRequest } from "../client.js"
import { controlOf } from "../control.js"
import { decoded, maybe, open } from "../decoded.js"

// --- Schemas ---------------------------------------------------------------------------------------

// the JSON of protocol buffers writes 64-bit numbers as strings
export const Count = /*#__PURE__*/ Schema.Union(Schema.Number, Schema.NumberFromString)

/** The fields of every job. */
export const commonFields = {
  /** The state with its prefix `JOB_STATE_`; see `stateOf`. */
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
  createdBy: /*#__PURE__*/ maybe(Schema.String)
}

// --- Reading a job ---------------------------------------------------------------------------------

interface Resource {
  readonly name: string
  readonly state?: string | null | undefined
  readonly status?:
    | { readonly code?: string | number | null | undefined; readonly message?: string | null | undefined }
    | null
    | undefined
}

export const idOf = ({ name }: Resource): string => name.slice(name.lastIndexOf("/") + 1)

export const stateOf = ({ state }: Resource): string => (state ?? "").replace(/^JOB_STATE_/, "") || "UNSPECIFIED"

const removed: ReadonlySet<string> = /*#__PURE__*/ new Set(["DELETING", "DELETING_CLEANING_UP", "DELETED", "ARCHIVED"])

export const isRemoved = (state: string): boolean => removed.has(state)

/** Returns the code and message of a failed job; undefined if the job has none. */
export const whyOf = ({ status }: Resource) => {
  const { code, message } = status ?? {}
  return { code: code === undefined || code === null ? undefined : String(code), message: message ?? undefined }
}

// --- Ids and names ---------------------------------------------------------------------------------

const idPattern = /^[a-z0-9][\w-]{0,62}$/i

export const checkId = (id: string): Effect.Effect<string, ApiError> => {
  if (typeof id === "string" && idPattern.test(id)) return Effect.succeed(id)
  return typeof id === "string" && /^accounts\/[^/]+\/\w+\/[^/]+$/.test(id)
    ? invalidRequest("id is a full name: pass only the id, which is its last part")
    : invalidRequest("id must be 1 to 63 letters, digits, dashes and underscores, the first a letter or digit")
}

/** Returns the full name of a resource, given its id or its full name. Without an account, returns the given one. */
export const fullName = <Given extends string | undefined>(
  collection: string,
  account: string | undefined,
  given: Given
): Given | string =>
  given === undefined || account === undefined || given.includes("/")
    ? given
    : `accounts/${account}/${collection}/${given}`

/** Returns the full name of a resource, or fails if the given id or name is invalid. */
export const nameOf = (
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
  return Effect.succeed(fullName(collection, account, given))
}

/** Fails if one of the given values is blank or not a string. */
export const checkTexts = (texts: Readonly<Record<string, unknown>>): Effect.Effect<void, ApiError> => {
  const empty = Object.entries(texts).find(
    ([, value]) => value !== undefined && (typeof value !== "string" || value.trim() === "")
  )
  return empty === undefined ? Effect.void : invalidRequest(`${empty[0]} is empty`)
}

// --- Calls -----------------------------------------------------------------------------------------

export type Call<A> = Effect.Effect<A, ApiError, Fireworks.Fireworks>

/** The body of a submission, without the id. */
export type Body = Readonly<Record<string, unknown>>

/** Removes undefined fields. */
export const given = (fields: Body): Body =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

export const call = <A, I>(
  request: HttpClientRequest.HttpClientRequest,
  schema: Schema.Schema<A, I>,
  workload: Workload.Workload,
  idempotency?: Reliability.Idempotency,
  before?: (json: unknown) => unknown
): Call<A> =>
  Effect.flatMap(Fireworks.Fireworks, (fireworks) =>
    Effect.flatMap(controlOf(fireworks).request(request, workload, idempotency), decoded(schema, before))
  )

// another poll follows, so a second attempt only covers a brief failure
export const looking = /*#__PURE__*/ Workload.make({
  name: "jobPolling",
  timeouts: { attempt: "25 seconds" },
  deadline: "1 minute",
  retry: /*#__PURE__*/ Retry.make({ attempts: 2 })
})

const failedDecode = (detail: string): ApiError =>
  unsafeMake({ class: "Fatal", reason: "Decode" }, { delivery: "Acknowledged", status: 200, attempts: 1, detail })

const isRecord = (value: unknown): value is Body => typeof value === "object" && value !== null && !Array.isArray(value)

/** The collection of jobs of one kind. */
export interface Collection<A extends Resource, I> {
  /** The path below the account, such as `/batchInferenceJobs`. */
  readonly path: string
  readonly schema: Schema.Schema<A, I>
}

export const get = <A extends Resource, I>(
  { path, schema }: Collection<A, I>,
  id: string,
  workload: Workload.Workload
): Call<A> => call(HttpClientRequest.get(`${path}/${id}`), schema, workload)

/** Creates a job with an id. `parameters` are further URL parameters of its kind. */
export const create = <A extends Resource, I>(
  { path, schema }: Collection<A, I>,
  id: string,
  body: Body,
  workload: Workload.Workload,
  parameters: Readonly<Record<string, string | undefined>> = {}
): Call<A> =>
  HttpClientRequest.post(path).pipe(
    // the parameter is named after the collection: `/batchInferenceJobs` takes `batchInferenceJobId`
    HttpClientRequest.setUrlParams({ [`${path.slice(1, -1)}Id`]: id, ...parameters }),
    HttpClientRequest.bodyJson(body),
    Effect.mapError(() => invalidRequest("the job contains a value that JSON cannot represent")),
    Effect.flatMap((request) =>
      // never retried here: `Job.submit` looks the job up before it sends the job again
      call(request, schema, workload, "never", (json) =>
        // the response to a creation may omit fields of the job
        isRecord(json) ? { ...body, ...json, name: json["name"] ?? id } : json
      )
    ),
    // later calls use the given id, and would not find the job
    Effect.filterOrFail(
      (job) => idOf(job) === id,
      () => failedDecode("the server created a job with a different id")
    )
  )

export const remove = (path: string, id: string, workload: Workload.Workload): Call<void> =>
  call(HttpClientRequest.del(`${path}/${id}`), Schema.Unknown, workload).pipe(
    Effect.asVoid,
    // an earlier attempt deleted the job, and its response was lost
    Effect.catchIf(
      (error) => error.reason === "NotFound" && error.attempts > 1,
      () => Effect.void
    )
  )

/** A paginated list. */
export interface Listed<A, I> {
  readonly path: string
  /** The field of the response that holds the items. */
  readonly key: string
  readonly schema: Schema.Schema<A, I>
  readonly workload: Workload.Workload
  readonly parameters: Readonly<Record<string, string | number | undefined>>
}

export const pageSizeOf = (owner: string, pageSize = 50): number =>
  number(owner, "pageSize", pageSize, { integer: true, min: 1, max: 200 })

/** Returns a stream of all items of a list. Pages are fetched on demand. */
export const listed = <A, I>({
  key,
  parameters,
  path,
  schema,
  workload
}: Listed<A, I>): Stream.Stream<A, ApiError, Fireworks.Fireworks> => {
  const page = Schema.Struct({ items: maybe(Schema.Array(schema)), nextPageToken: maybe(Schema.String) })
  const renamed = (json: unknown): unknown => (isRecord(json) ? { ...json, items: json[key] } : json)
  return Stream.paginateChunkEffect("", (pageToken) =>
    HttpClientRequest.get(path).pipe(
      HttpClientRequest.setUrlParams({ ...given(parameters), ...(pageToken !== "" && { pageToken }) }),
      (request) => call(request, page, workload, undefined, renamed),
      Effect.flatMap(({ items, nextPageToken }) => {
        const next = Option.filter(Option.fromNullable(nextPageToken), (token) => token !== "")
        // the same token would return the same page without end
        if (Equal.equals(next, Option.some(pageToken))) {
          return Effect.fail(failedDecode("nextPageToken is the token of the current page"))
        }
        return Effect.succeed([Chunk.fromIterable(items ?? []), next] as const)
      })
    )
  )
}

// --- Comparing a job with its submission -------------------------------------------------------------

/** Returns true for values that the JSON of protocol buffers omits. */
const isDefault = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : [undefined, null, 0, "", false].some((one) => one === value)

/** Returns true if the existing value has every given field. Fields that the server added are ignored. */
export const holds = (existing: unknown, given: unknown): boolean => {
  if (isDefault(given)) return isDefault(existing)
  if (isRecord(given)) {
    const fields = isRecord(existing) ? existing : {}
    return Object.entries(given).every(([key, value]) => holds(fields[key], value))
  }
  if (Array.isArray(given)) {
    return (
      Array.isArray(existing) &&
      existing.length === given.length &&
      given.every((value, n) => holds(existing[n], value))
    )
  }
  // the server returns 64-bit numbers as strings, and may return an id as a full name
  const [found, wanted] = [String(existing), String(given)]
  return found === wanted || found.endsWith(`/${wanted}`) || wanted.endsWith(`/${found}`)
}
