/**
 * What the Fireworks API's answers look like, and how its requests are read. Total: any bytes in, a value out.
 *
 * @since 0.1.0
 */
import { type Answer, answer, type Fault, type Request } from "../../Fault.js"

export type Json = Readonly<Record<string, unknown>>

export const isObject = (u: unknown): u is Json => typeof u === "object" && u !== null && !Array.isArray(u)

/** Whether a value is nested deeper than so many levels. */
const isDeep = (value: unknown, levels: number): boolean =>
  typeof value === "object" &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => isDeep(inner, levels - 1)))

/** A JSON object that can be sent back; undefined for anything else. An empty body is an empty object. */
export const parse = (body: string): Json | undefined => {
  if (body.trim() === "") return {}
  try {
    const value: unknown = JSON.parse(body)
    // what is nested deep can be read, and not always written where the stack is fuller than here
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

/** A request, taken apart. */
export interface Call {
  readonly request: Request
  readonly method: string
  /** Without its query. */
  readonly path: string
  readonly segments: ReadonlyArray<string>
  readonly query: URLSearchParams
  /** When it arrived, and the time whose state a read shows. */
  readonly at: number
  readonly asOf: number
}

/** A number from 0 to 1 that is the same for the same request. */
const fraction = (number: number): number => (Math.imul(number, 2_654_435_761) >>> 0) / 2 ** 32

/** Reads that are stale show the state of up to so many milliseconds ago. */
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
// Answers
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
  // these the inference has of its own
  PRECONDITION_FAILED: [412, 9],
  METHOD_NOT_ALLOWED: [405, 12],
  TOO_EARLY: [425, 14],
  DEPLOYMENT_SCALING_UP: [503, 14]
} as const

export type Code = keyof typeof codes

/** How errors are written: as the gateway does, or as its schema says. */
export type ErrorForm = "gateway" | "rpc"

export const failure = (code: Code, message: string, form: ErrorForm = "gateway"): Answer => {
  const [status, number] = codes[code]
  const details = [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: code, domain: "fireworks.ai" }]
  return answer(status, {
    body: form === "rpc" ? { code: number, message, details } : { error: { message, code, type: "error" } }
  })
}

export const ok = (body: Json, headers: Readonly<Record<string, string>> = {}): Answer => answer(200, { body, headers })

/** An answer with more headers, now or later; anything else as it is. */
export const withHeaders = (fault: Fault, headers: Readonly<Record<string, string>>): Fault => {
  if (fault._tag === "Answer") return { ...fault, headers: { ...headers, ...fault.headers } }
  const late = fault._tag === "Stall" && fault.reply._tag === "Answer" ? fault.reply : undefined
  return fault._tag === "Stall" && late !== undefined
    ? { ...fault, reply: { ...late, headers: { ...headers, ...late.headers } } }
    : fault
}

/** The fields that a `readMask` asks for. */
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

/** What a list is made of. */
export interface Item {
  /** Later ones have greater numbers, so that a page goes on behind the last one whatever was deleted. */
  readonly sequence: number
  readonly resource: Json
}

const defaultPage = 50
const maxPage = 200

/** One page of a list; `totalSize` counts all pages. The only filter is by state: `state="JOB_STATE_RUNNING"`. */
export const page = (key: string, items: ReadonlyArray<Item>, call: Call, form: ErrorForm): Answer => {
  const invalid = (message: string) => failure("INVALID_ARGUMENT", message, form)
  const size = Number(call.query.get("pageSize") ?? 0)
  if (!Number.isInteger(size) || size < 0) return invalid("pageSize must be a non-negative integer")
  const token = call.query.get("pageToken") ?? ""
  const after = token === "" ? -1 : Number(/^after-(\d{1,15})$/.exec(token)?.[1] ?? NaN)
  if (Number.isNaN(after)) return invalid("pageToken is not valid")
  const filter = call.query.get("filter") ?? ""
  const state = /^\s*state\s*=\s*"?(\w+)"?\s*$/.exec(filter)?.[1]
  if (filter.trim() !== "" && state === undefined) return invalid("filter is not supported by this server")

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
