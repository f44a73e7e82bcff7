/**
 * Server-sent events out of bytes, within a bound, the same wherever the bytes are cut.
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

/** The bytes of an answer as they come: none at the end. */
export type Pull = Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<unknown>>

/** The bytes of an answer without a stream around them, and how to let go of its connection. */
export interface Bytes {
  readonly pull: Pull
  readonly close: () => void
}

/**
 * Where an answer of this package's has its bytes, for the one who reads it. To run a stream within another takes as long as
 * the rest of what lies between a request and its first event.
 */
export const bytesKey: unique symbol = Symbol.for("effect-reliability/Bytes")

/** The answer's bytes, if it is one that has them, and nobody has read it. */
export const bytesOf = (response: HttpClientResponse): Bytes | undefined =>
  (response as { readonly [bytesKey]?: (() => Bytes | undefined) | undefined })[bytesKey]?.()

/** What parses text: `createParser` of `eventsource-parser`, which the module that brings it hands in. */
export type CreateParser = (callbacks: {
  readonly onEvent: (event: Event) => void
  readonly onError: (error: Stray) => void
}) => {
  readonly feed: (text: string) => void
}

/** A line that is no field of an event. */
interface Stray {
  readonly field?: string | undefined
  readonly value?: string | undefined
  readonly line?: string | undefined
}

/** Why no further event follows, whatever else arrives. */
export type End =
  | { readonly _tag: "Done" }
  | { readonly _tag: "TooLarge" }
  /** An event that is an error, and what it says. */
  | { readonly _tag: "Error"; readonly body: unknown }
  /** An event by which the server ends the generation itself: see `isGivenUp`. */
  | { readonly _tag: "GivenUp" }

export interface Settings {
  /** The most characters of one event, or of a line that has no end yet. */
  readonly maxEvent: number
  /** Whether an event, which is handed out, is the last one. */
  readonly isLast: (event: Event) => boolean
}

const done: End = { _tag: "Done" }
const tooLarge: End = { _tag: "TooLarge" }
const givenUp: End = { _tag: "GivenUp" }

const colon = 0x3a
const blankLine = /*#__PURE__*/ Uint8Array.of(0x0a, 0x0a)

/** Of lines that are no fields, the characters after which no further line is kept. */
const maxStray = 16 * 1024

/** Whether it is the end that OpenAI invented, which is no event to anybody. */
export const isDone = ({ data }: Event): boolean => data.length < 16 && data.trim() === "[DONE]"

/** Whether there is nothing in it, as in what some servers send to keep a connection open. */
export const isBlank = ({ data }: Event): boolean => data.length < 16 && data.trim() === ""

// Anthropic's, and those of OpenAI's responses, which have no `[DONE]`
const lastNames: ReadonlySet<string | undefined> = new Set([
  "message_stop",
  "response.completed",
  "response.incomplete",
  "response.failed"
])

export const isLastByName = ({ event }: Event): boolean => event !== undefined && lastNames.has(event)

const parse = (data: string): unknown => {
  try {
    return JSON.parse(data) as unknown
  } catch {
    return undefined
  }
}

/**
 * Whether an answer, or a piece of one, says that the server ended the generation for a fault of its own: the provider's
 * specification has the reason `"error"` beside `"stop"` and `"length"`.
 */
export const isGivenUp = (json: unknown): boolean => {
  const choices = read(json, "choices")
  return Array.isArray(choices) && choices.some((choice: unknown) => read(choice, "finish_reason") === "error")
}

/** What is said of it. */
export const givenUpDetail = `the server ended the generation: finish_reason is "error"`

/**
 * Whether a body, or a piece of one, is an error whatever the status: it has an `error`, or calls itself one, as vLLM's
 * `{"object":"error","message":…}` and OpenAI's `{"type":"error","message":…}` do.
 */
export const isErrorBody = (json: unknown): boolean =>
  Boolean(read(json, "error")) || read(json, "object") === "error" || read(json, "type") === "error"

/**
 * The error in the body of a success: what the dialect says of its code, or of the status that gateways put in its place.
 * `classify` is `Classify.answer`, which the module that brings it hands in.
 */
export const errorWithin = (classify: (answer: Answer) => ApiError, answer: Answer): ApiError => {
  const said = classify(answer)
  if (said.reason !== "Unknown") return said
  const status = readBody(answer.body).codes.find((code) => /^[45]\d\d$/.test(code))
  return status === undefined ? said : classify({ ...answer, status: Number(status) })
}

/** How an event ends the answer, if it is an error: by its name, or by what stands in it. */
const errorIn = ({ data, event }: Event): End | undefined => {
  const named = event === "error"
  // looked for before it is parsed: nearly all events are none
  if (!named && !data.includes(`"error"`)) return undefined
  const body = parse(data)
  const isObject = typeof body === "object" && body !== null
  if (named) return { _tag: "Error", body: isObject ? body : { error: typeof body === "string" ? body : data } }
  if (isErrorBody(body)) return { _tag: "Error", body }
  return isGivenUp(body) ? givenUp : undefined
}

/**
 * Turns the bytes of one answer into events. Comments, pings and `[DONE]` are not among them.
 *
 * It counts lines and characters before it hands them on: the parser's own bound counts what is left after a piece, so
 * that what it lets pass would depend on the cuts.
 */
export class Decoder {
  /** Set once no event follows those that were taken. */
  end: End | undefined
  readonly #settings: Settings
  readonly #text = new TextDecoder()
  readonly #parser: ReturnType<CreateParser>
  #events: Array<Event> = []
  #afterReturn = false
  /** Characters of the event's finished lines, and of the line that has no end yet. */
  #event = 0
  #line = 0
  #isComment = false
  /** The first lines that are no fields of an event. */
  #stray = ""
  #finished = false

  constructor(createParser: CreateParser, settings: Settings) {
    this.#settings = settings
    this.#parser = createParser({ onEvent: (event) => this.#onEvent(event), onError: (stray) => this.#onStray(stray) })
    // it takes three characters for a byte order mark if they begin its first piece
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
   * Ends the text, where the body has ended as a whole. An event without its blank line counts if its data is whole and the
   * stream ends with it; any other may be half an event. A body of JSON that only calls itself an event stream is an error if
   * it says so.
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

  /** The events since they were last taken. */
  take(): Array<Event> {
    const events = this.#events
    this.#events = []
    return events
  }

  /** Ends each line as the parser likes it best: looking for two kinds of ends makes it slow, without bound. */
  #newlines(text: string): string {
    const rest = this.#afterReturn && text.startsWith("\n") ? text.slice(1) : text
    if (text !== "") this.#afterReturn = text.endsWith("\r")
    return rest.includes("\r") ? rest.replaceAll(/\r\n?/g, "\n") : rest
  }

  /** How much of the text fits: all of it, or what comes before the first line that is too much. */
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
    // llama.cpp writes `error:` where others write `data:`
    const body = field === "error" && value !== undefined ? parse(value) : undefined
    if (typeof body === "object" && body !== null) this.end = { _tag: "Error", body: { error: body } }
    else if (this.#stray.length < maxStray) this.#stray += `${line}\n`
  }
}
