/**
 * Reads what a server says about a failure out of whatever body it sent.
 *
 * No envelope is promised: gateways, inference servers, control planes and proxies each have their own. Bodies are
 * untrusted: they are cut before they are parsed, and nothing but named fields is taken out of them, since what else
 * they hold is often the request, quoted.
 *
 * @since 0.1.0
 */
import { attempt, list, read } from "../errors.js"

/** What a body says. */
export interface Said {
  /** Whether it was JSON, or came parsed. */
  readonly json: boolean
  /** Codes and types, the most telling first. */
  readonly codes: ReadonlyArray<string>
  /** The provider's words, not yet redacted. */
  readonly text?: string | undefined
  /** The request's id, where the body repeats it. */
  readonly requestId?: string | undefined
}

/** Error answers are short; a longer one is a page or an attack. */
const maxLength = 64 * 1024

const nothing: Said = { json: false, codes: [] }

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

/** `google.rpc.ErrorInfo.reason`, the one field of a control-plane error that is meant for programs. */
const errorInfoReason = (error: unknown): string | undefined => {
  for (const detail of list(read(error, "details")).slice(0, 8)) {
    const reason = code(read(detail, "reason"))
    if (reason !== undefined) return reason
  }
  return undefined
}

/** `{ loc: ["body", "messages", 0], msg }` of FastAPI; `input` and `ctx` quote the request and are left out. */
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

const fromJson = (body: unknown): Said => {
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

// A body that was cut off still begins with what matters
const fromBrokenJson = (text: string): Said => {
  const head = text.slice(0, 4096)
  return {
    json: false,
    codes: [code(salvage(head, "code")), code(salvage(head, "type"))].filter((u) => u !== undefined),
    text: salvage(head, "message")
  }
}

// The title of a proxy's page, or its one line ("upstream connect error"); not what else it shows
const fromProse = (text: string): Said => {
  const head = text.slice(0, 4096).trimStart()
  const title = /<title[^>]{0,256}>([^<]{1,256})/i.exec(head)?.[1]
  const line = head.startsWith("<") ? title : /^[\t\x20-\x7e\u00a0-\uffef]{1,256}/.exec(head)?.[0]
  return { json: false, codes: [], text: line }
}

/** Reads a body of any kind. Never throws. */
export const readBody = (body: unknown): Said => {
  const text = attempt(() => asText(body))
  if (text === undefined) return typeof body === "object" && body !== null ? fromJson(body) : nothing
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === "string" ? { ...fromProse(parsed), json: true } : fromJson(parsed)
  } catch {
    return /^\s*[[{]/.test(text) ? fromBrokenJson(text) : fromProse(text)
  }
}
