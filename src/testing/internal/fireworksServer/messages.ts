/**
 * Parses requests to the Fireworks API and builds its responses. No function throws, whatever the bytes of the request.
 *
 * @since 0.1.0
 */
import { type Answer, answer, type Fault, type Request } from "../../Fault.js"

export type Json = Readonly<Record<string, unknown>>

export const isObject = (u: unknown): u is Json => typeof u === "object" && u !== null && !Array.isArray(u)

/** Returns true if a value is nested deeper than a number of levels. */
const isDeep = (value: unknown, levels: number): boolean =>
  typeof value === "object" &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => isDeep(inner, levels - 1)))

/** Parses a JSON object that can be serialized again; undefined for anything else. An empty body is an empty object. */
export const parse = (body: string): Json | undefined => {
  if (body.trim() === "") return {}
  try {
    const value: unknown = JSON.parse(body)
    // a deeply nested value can be parsed here, but serializing it may overflow a fuller stack
    return isObject(value) && !isDeep(value, 100) ? value : undefined
  } catch {
    return undefined
  }
}

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** A parsed request. */
export interface Call {
  readonly request: Request
  readonly method: string
  /** The path without its query. */
  readonly path: string
  readonly segments: ReadonlyArray<string>
  readonly query: URLSearchParams
  /** Time of arrival, in milliseconds. */
  readonly at: number
  /** Time of the state that a read returns; earlier than `at` if reads are stale. */
  readonly asOf: number
}

/** Returns a number from 0 to 1 that depends only on the number of the request. */
const fraction = (number: number): number => (Math.imul(number, 2_654_435_761) >>> 0) / 2 ** 32

/** Parses a request. `stale` is the maximum age of the state that a read returns, in milliseconds. */
export const callOf = (request: Request, stale: number): Call => {
  const mark = request.path.indexOf("?")
  const path = mark < 0 ? request.path : request.path.slice(0, mark)
  return {
    request,
    method: request.method.toUpperCase(),
    path,
    segments: path
      .split("/")
      .filter((segment) => segment !== "")
      .map(decoded),
    query: new URLSearchParams(mark < 0 ? "" : request.path.slice(mark + 1)),
    at: request.at,
    asOf: request.at - Math.floor(fraction(request.number) * stale)
  }
}

// -------------------------------------------------------------------------------------------------
// Responses
// -------------------------------------------------------------------------------------------------

// https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
const codes = {
  INVALID_ARGUMENT: [400, 3],
  FAILED_PRECONDITION: [400, 9],
  NOT_FOUND: [404, 5],
  ALREADY_EXISTS: [409, 6],
  PERMISSION_DENIED: [403, 7],
  RESOURCE_EXHAUSTED: [429, 8],
  UNAVAILABLE: [503, 14],
  UNAUTHORIZED: [401, 16],
  // codes of inference only
  PRECONDITION_FAILED: [412, 9],
  METHOD_NOT_ALLOWED: [405, 12],
  TOO_EARLY: [425, 14],
  DEPLOYMENT_SCALING_UP: [503, 14]
} as const

export type Code = keyof typeof codes

/** The form of an error: that of the gateway, or `google.rpc.Status`. */
export type ErrorForm = "gateway" | "rpc"

export const failure = (code: Code, message: string, form: ErrorForm = "gateway"): Answer => {
  const [status, number] = codes[code]
  const details = [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: code, domain: "fireworks.ai" }]
  return answer(status, {
    body: form === "rpc" ? { code: number, message, details } : { error: { message, code, type: "error" } }
  })
}

export const ok = (body: Json, headers: Readonly<Record<string, string>> = {}): Answer => answer(200, { body, headers })

/** Adds headers to a response, also to one that is delayed by a stall. Other faults are returned unchanged. */
export const withHeaders = (fault: Fault, headers: Readonly<Record<string, string>>): Fault => {
  if (fault._tag === "Answer") return { ...fault, headers: { ...headers, ...fault.headers } }
  const late = fault._tag === "Stall" && fault.reply._tag === "Answer" ? fault.reply : undefined
  return fault._tag === "Stall" && late !== undefined
    ? { ...fault, reply: { ...late, headers: { ...headers, ...late.headers } } }
    : fault
}

/** Returns the fields of a resource that the request's `readMask` selects. */
export const masked = (resource: Json, { query }: Call): Json => {
  const mask = query.get("readMask")
  if (mask === null || mask === "" || mask === "*") return resource
  const fields = new Set(mask.split(",").map((path) => camel(path.trim().split(".")[0] ?? "")))
  return Object.fromEntries(Object.entries(resource).filter(([name]) => fields.has(name)))
}

export const camel = (name: string): string =>
  name.replace(/_([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase())

export const timestamp = (millis: number): string => {
  const date = new Date(millis)
  return Number.isNaN(date.getTime()) ? "1970-01-01T00:00:00.000Z" : date.toISOString()
}

// -------------------------------------------------------------------------------------------------
// Pages
// -------------------------------------------------------------------------------------------------

/** An item of a list. */
export interface Item {
  /** Grows with each item, so that the next page starts at the right item even if others were deleted meanwhile. */
  readonly sequence: number
  readonly resource: Json
}

const defaultPage = 50
const maxPage = 200

/** Returns one page of a list. `totalSize` counts all pages. The only filter is by state: `state="JOB_STATE_RUNNING"`. */
export const page = (key: string, items: ReadonlyArray<Item>, call: Call, form: ErrorForm): Answer => {
  const invalid = (message: string) => failure("INVALID_ARGUMENT", message, form)
  const size = Number(call.query.get("pageSize") ?? 0)
  if (!Number.isInteger(size) || size < 0) return invalid("pageSize must be a non-negative integer")
  const token = call.query.get("pageToken") ?? ""
  const after = token === "" ? -1 : Number(/^after-(\d{1,15})$/.exec(token)?.[1] ?? NaN)
  if (Number.isNaN(after)) return invalid("pageToken is not valid")
  const filter = call.query.get("filter") ?? ""
  const state = /^\s*state\s*=\s*"?(\w+)"?\s*$/.exec(filter)?.[1]
  if (filter.trim() !== "" && state === undefined) return invalid("this filter is not supported")

  const found = items.filter(({ resource }) => state === undefined || resource["state"] === state)
  const rest = found.filter(({ sequence }) => sequence > after)
  const shown = rest.slice(0, Math.min(maxPage, size === 0 ? defaultPage : size))
  const last = shown.at(-1)
  return ok({
    [key]: shown.map(({ resource }) => masked(resource, call)),
    nextPageToken: last !== undefined && rest.length > shown.length ? `after-${last.sequence}` : "",
    totalSize: found.length
  })
}
