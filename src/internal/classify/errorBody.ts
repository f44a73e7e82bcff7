/**
 * Reads codes, a message and a request id from the body of an error response.
 *
 * Bodies have no common format: gateways, inference servers, control planes and proxies each have their own. They are also
 * untrusted: they are cut before they are parsed, and only named fields are read, since the rest often quotes the request.
 *
 * @since 0.1.0
 */
import { attempt, list, read } from "../errors.js"

/** The contents of an error body. */
export interface ErrorBody {
  /** The body was JSON, or had been parsed already. */
  readonly json: boolean
  /** Codes and types, the most specific first. */
  readonly codes: ReadonlyArray<string>
  /** The provider's message, not yet redacted. */
  readonly text?: string | undefined
  /** The request's id, if the body contains it. */
  readonly requestId?: string | undefined
}

/** The part of a body that is read. Error bodies are short; a longer one is a page or an attack. */
const maxLength = 64 * 1024

const nothing: ErrorBody = { json: false, codes: [] }

const asText = (body: unknown): string | undefined => {
  if (typeof body === "string") return body.slice(0, maxLength)
  if (body instanceof ArrayBuffer) return new TextDecoder().decode(body.slice(0, maxLength))
  if (ArrayBuffer.isView(body)) {
    return new TextDecoder().decode(new Uint8Array(body.buffer, body.byteOffset, Math.min(body.byteLength, maxLength)))
  }
  return undefined
}

const string = (u: unknown): string | undefined => (typeof u === "string" && u !== "" ? u : undefined)

const codePattern = /^[\w.:/-]{1,64}$/

const code = (u: unknown): string | undefined => {
  const text = typeof u === "number" ? String(u) : u
  return typeof text === "string" && codePattern.test(text) ? text : undefined
}

/** Returns `google.rpc.ErrorInfo.reason`, the only field of a control-plane error that is meant for programs. */
const errorInfoReason = (error: unknown): string | undefined => {
  for (const detail of list(read(error, "details")).slice(0, 8)) {
    const reason = code(read(detail, "reason"))
    if (reason !== undefined) return reason
  }
  return undefined
}

/**
 * Returns the messages of FastAPI's `{ loc: ["body", "messages", 0], msg }`. Its fields `input` and `ctx` quote the request
 * and are not read.
 */
const fastApi = (detail: unknown): string | undefined => {
  if (typeof detail === "string") return string(detail)
  const lines = list(detail)
    .slice(0, 3)
    .flatMap((item) => {
      const message = string(read(item, "msg"))
      const path = list(read(item, "loc"))
        .slice(0, 8)
        .filter((part) => code(part) !== undefined)
      return message === undefined ? [] : [path.length > 0 ? `${path.join(".")}: ${message}` : message]
    })
  return lines.length > 0 ? lines.join("; ") : undefined
}

const fromJson = (body: unknown): ErrorBody => {
  const outer: unknown = list(body)[0] ?? body
  const error: unknown = read(outer, "error") ?? read(outer, "fault") ?? outer
  return {
    json: true,
    codes: [
      errorInfoReason(error),
      code(read(error, "code")),
      code(read(error, "status")),
      code(read(error, "type")),
      code(read(outer, "code"))
    ].filter((u) => u !== undefined),
    text:
      string(read(error, "message")) ??
      string(read(outer, "message")) ??
      fastApi(read(outer, "detail")) ??
      (error === outer ? undefined : string(error)),
    requestId: string(read(outer, "request_id")) ?? string(read(error, "request_id"))
  }
}

const salvage = (text: string, field: string): string | undefined =>
  new RegExp(`"${field}"\\s*:\\s*"((?:[^"\\\\]|\\\\.){1,512})`).exec(text)?.[1]

// The code and the message of a body that was cut are at its beginning
const fromBrokenJson = (text: string): ErrorBody => {
  const head = text.slice(0, 4096)
  return {
    json: false,
    codes: [code(salvage(head, "code")), code(salvage(head, "type"))].filter((u) => u !== undefined),
    text: salvage(head, "message")
  }
}

// The title of a proxy's page, or the first line of plain text ("upstream connect error")
const fromProse = (text: string): ErrorBody => {
  const head = text.slice(0, 4096).trimStart()
  const title = /<title[^>]{0,256}>([^<]{1,256})/i.exec(head)?.[1]
  const line = head.startsWith("<") ? title : /^[\t\x20-\x7e\u00a0-\uffef]{1,256}/.exec(head)?.[0]
  return { json: false, codes: [], text: line }
}

/** Reads a body of any type. Never throws. */
export const readBody = (body: unknown): ErrorBody => {
  const text = attempt(() => asText(body))
  if (text === undefined) return typeof body === "object" && body !== null ? fromJson(body) : nothing
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === "string" ? { ...fromProse(parsed), json: true } : fromJson(parsed)
  } catch {
    return /^\s*[[{]/.test(text) ? fromBrokenJson(text) : fromProse(text)
  }
}
