/**
 * Decodes server-sent events from bytes. Their size is bounded, and the boundaries of the chunks do not change the result.
 *
 * @since 0.1.0
 */
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import type * as Chunk from "effect/Chunk"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { ApiError } from "../../ApiError.js"
import type { Answer } from "../../Classify.js"
import { readBody } from "../classify/errorBody.js"
import { read } from "../errors.js"
import type { Event } from "./model.js"

/** Pulls the next bytes of a response; fails with `None` at the end. */
export type Pull = Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<unknown>>

/** The bytes of a response without a `Stream`, and a function that releases its connection. */
export interface Bytes {
  readonly pull: Pull
  readonly close: () => void
}

/**
 * The key of the bytes of a response of this package. Reading them directly avoids a stream within a stream, which would double
 * the time between a request and its first event.
 */
export const bytesKey: unique symbol = Symbol.for("effect-reliability/Bytes")

/** Returns the bytes of a response of this package that has not been read; undefined for any other. */
export const bytesOf = (response: HttpClientResponse): Bytes | undefined =>
  (response as { readonly [bytesKey]?: (() => Bytes | undefined) | undefined })[bytesKey]?.()

/** The type of `createParser` of `eventsource-parser`. The module that imports the package passes it in. */
export type CreateParser = (callbacks: {
  readonly onEvent: (event: Event) => void
  readonly onError: (error: Stray) => void
}) => {
  readonly feed: (text: string) => void
}

/** A line that is not a field of an event. */
interface Stray {
  readonly field?: string | undefined
  readonly value?: string | undefined
  readonly line?: string | undefined
}

/** The reason why no further event follows, whatever else arrives. */
export type End =
  | { readonly _tag: "Done" }
  | { readonly _tag: "TooLarge" }
  /** The server sent an error event with this body. */
  | { readonly _tag: "Error"; readonly body: unknown }
  /** The server ended the generation because of its own failure: see `isGivenUp`. */
  | { readonly _tag: "GivenUp" }

/** The settings of a decoder. */
export interface Settings {
  /** The largest number of characters of an event, including a line that has no end yet. */
  readonly maxEvent: number
  /** Tests whether an event is the last one. The last event is emitted, too. */
  readonly isLast: (event: Event) => boolean
}

const done: End = { _tag: "Done" }
const tooLarge: End = { _tag: "TooLarge" }
const givenUp: End = { _tag: "GivenUp" }

const colon = 0x3a
const blankLine = /*#__PURE__*/ Uint8Array.of(0x0a, 0x0a)

/** The number of characters of stray lines after which no further line is kept. */
const maxStray = 16 * 1024

/** Tests whether an event is `[DONE]`, OpenAI's end of a stream. It is never emitted. */
export const isDone = ({ data }: Event): boolean => data.length < 16 && data.trim() === "[DONE]"

/** Tests whether an event has no data. Some servers send such events to keep a connection open. */
export const isBlank = ({ data }: Event): boolean => data.length < 16 && data.trim() === ""

// the last events of Anthropic's streams and of OpenAI's Responses API, which send no `[DONE]`
const lastNames: ReadonlySet<string | undefined> = new Set([
  "message_stop",
  "response.completed",
  "response.incomplete",
  "response.failed"
])

/** Tests whether the name of an event marks it as the last one. */
export const isLastByName = ({ event }: Event): boolean => event !== undefined && lastNames.has(event)

const parse = (data: string): unknown => {
  try {
    return JSON.parse(data) as unknown
  } catch {
    return undefined
  }
}

/**
 * Tests whether a body, or an event of a stream, says that the server ended the generation because of its own failure. The
 * provider's specification has the `finish_reason` `"error"` in addition to `"stop"` and `"length"`.
 */
export const isGivenUp = (json: unknown): boolean => {
  const choices = read(json, "choices")
  return Array.isArray(choices) && choices.some((choice: unknown) => read(choice, "finish_reason") === "error")
}

/** The detail of the error for such a response. */
export const givenUpDetail = `the server ended the generation: finish_reason is "error"`

/**
 * Tests whether a body, or an event of a stream, is an error whatever the status: it has an `error`, or its `object` or `type`
 * is `"error"`, as in vLLM's `{"object":"error","message":…}` and OpenAI's `{"type":"error","message":…}`.
 */
export const isErrorBody = (json: unknown): boolean =>
  Boolean(read(json, "error")) || read(json, "object") === "error" || read(json, "type") === "error"

/**
 * Classifies the error in the body of a successful response by its code, or by an HTTP status that a gateway put in place of
 * the code. `classify` is `Classify.answer`; the importing module passes it in.
 */
export const errorWithin = (classify: (answer: Answer) => ApiError, answer: Answer): ApiError => {
  const error = classify(answer)
  if (error.reason !== "Unknown") return error
  const status = readBody(answer.body).codes.find((code) => /^[45]\d\d$/.test(code))
  return status === undefined ? error : classify({ ...answer, status: Number(status) })
}

/** Returns the end of the stream if an event is an error, by its name or by its data. */
const errorIn = ({ data, event }: Event): End | undefined => {
  const named = event === "error"
  // searched before parsing, since nearly all events are not errors
  if (!named && !data.includes(`"error"`)) return undefined
  const body = parse(data)
  const isObject = typeof body === "object" && body !== null
  if (named) return { _tag: "Error", body: isObject ? body : { error: typeof body === "string" ? body : data } }
  if (isErrorBody(body)) return { _tag: "Error", body }
  return isGivenUp(body) ? givenUp : undefined
}

/**
 * Decodes the bytes of one response to events, without comments, pings and `[DONE]`.
 *
 * It counts characters itself before it passes them to the parser. The parser's own limit applies to the text that remains
 * after a chunk, so the result would depend on the boundaries of the chunks.
 */
export class Decoder {
  /** The end of the stream; set once no further event follows. */
  end: End | undefined
  readonly #settings: Settings
  readonly #text = new TextDecoder()
  readonly #parser: ReturnType<CreateParser>
  #events: Array<Event> = []
  #afterReturn = false
  /** The characters of the finished lines of the current event. */
  #event = 0
  /** The characters of the line that has no end yet. */
  #line = 0
  #isComment = false
  /** The first lines that are not fields of an event. */
  #stray = ""
  #finished = false

  constructor(createParser: CreateParser, settings: Settings) {
    this.#settings = settings
    this.#parser = createParser({ onEvent: (event) => this.#onEvent(event), onError: (stray) => this.#onStray(stray) })
    // at the start of its first chunk the parser would take the text `ï»¿` for a byte order mark and remove it
    this.#parser.feed("")
  }

  feed(bytes: Uint8Array): void {
    if (this.end !== undefined) return
    const text = this.#newlines(this.#text.decode(bytes, { stream: true }))
    const fitting = this.#measure(text)
    this.#parser.feed(fitting === text.length ? text : text.slice(0, fitting))
    if (fitting < text.length) this.end ??= tooLarge
  }

  /**
   * Ends the text after the whole body. An event without its blank line counts only if its data is complete and it ends the
   * stream; any other may be incomplete. A body of JSON with the content type of an event stream is an error if it is an error
   * body.
   */
  finish(): void {
    if (this.end !== undefined) return
    this.#finished = true
    this.feed(blankLine)
    if (this.end !== undefined) return
    this.#events = []
    const body = this.#stray.startsWith("{") ? parse(this.#stray) : undefined
    if (isErrorBody(body)) this.end = { _tag: "Error", body }
  }

  /** Returns the events since the last call. */
  take(): Array<Event> {
    const events = this.#events
    this.#events = []
    return events
  }

  /** Replaces all line ends by line feeds. With two kinds of line ends the parser takes more than linear time. */
  #newlines(text: string): string {
    const rest = this.#afterReturn && text.startsWith("\n") ? text.slice(1) : text
    if (text !== "") this.#afterReturn = text.endsWith("\r")
    return rest.includes("\r") ? rest.replaceAll(/\r\n?/g, "\n") : rest
  }

  /** Returns the length of the text that fits: all of it, or the part before the first line that exceeds the limit. */
  #measure(text: string): number {
    const { maxEvent } = this.#settings
    let start = 0
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      const isComment = this.#line === 0 ? text.charCodeAt(start) === colon : this.#isComment
      const length = this.#line + end - start
      if (length === 0) this.#event = 0
      else if (this.#event + length > maxEvent) return start
      else if (!isComment) this.#event += length + 1
      this.#line = 0
      start = end + 1
    }
    if (start === text.length) return start
    if (this.#line === 0) this.#isComment = text.charCodeAt(start) === colon
    this.#line += text.length - start
    return this.#event + this.#line > maxEvent ? start : text.length
  }

  #onEvent(event: Event): void {
    if (this.end !== undefined || event.event === "ping") return
    if (isDone(event)) {
      this.end = done
      return
    }
    if (this.#finished && parse(event.data) === undefined) return
    const error = errorIn(event)
    if (error !== undefined) {
      this.end = error
      return
    }
    this.#events.push(event)
    if (this.#settings.isLast(event)) this.end = done
  }

  #onStray({ field, line, value }: Stray): void {
    if (this.end !== undefined || line === undefined) return
    // llama.cpp sends errors in a field `error:` instead of `data:`
    const body = field === "error" && value !== undefined ? parse(value) : undefined
    if (typeof body === "object" && body !== null) this.end = { _tag: "Error", body: { error: body } }
    else if (this.#stray.length < maxStray) this.#stray += `${line}\n`
  }
}
