/**
 * HTTP answers, as `@effect/platform` wants them.
 *
 * @since 0.1.0
 */
import type * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Bounds } from "./exchange.js"
import { reduced } from "./request.js"
import type { Sender } from "./sender.js"

/** What precedes a body; what costs something is a function, called once. */
export interface Head {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly status: number
  readonly contentType: string | undefined
  readonly headers: () => Headers.Headers
  readonly cookies: () => Cookies.Cookies
  readonly remoteAddress: string | undefined
  /** Who sent the response, if not surely the server. */
  readonly sender?: Sender | undefined
}

/** All of an answer but how its bytes are come by. */
export abstract class Answer extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly head: Head
  #headers: Headers.Headers | undefined
  #cookies: Cookies.Cookies | undefined

  constructor(head: Head) {
    super()
    this.head = head
  }

  abstract readonly bytes: Effect.Effect<Uint8Array, HttpClientError.ResponseError>
  abstract readonly text: Effect.Effect<string, HttpClientError.ResponseError>
  abstract readonly stream: Stream.Stream<Uint8Array, HttpClientError.ResponseError>

  get [HttpIncomingMessage.TypeId](): HttpIncomingMessage.TypeId {
    return HttpIncomingMessage.TypeId
  }
  get [HttpClientResponse.TypeId](): HttpClientResponse.TypeId {
    return HttpClientResponse.TypeId
  }
  get request(): HttpClientRequest.HttpClientRequest {
    return this.head.request
  }
  get status(): number {
    return this.head.status
  }
  get remoteAddress(): Option.Option<string> {
    return Option.fromNullable(this.head.remoteAddress)
  }
  get headers(): Headers.Headers {
    return (this.#headers ??= this.head.headers())
  }
  get cookies(): Cookies.Cookies {
    return (this.#cookies ??= this.head.cookies())
  }

  get json(): Effect.Effect<unknown, HttpClientError.ResponseError> {
    return Effect.flatMap(this.text, (text) => this.decoded(() => parseJson(text)))
  }
  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, HttpClientError.ResponseError> {
    return Effect.flatMap(this.text, (text) => this.decoded(() => UrlParams.fromInput(new URLSearchParams(text))))
  }
  get formData(): Effect.Effect<FormData, HttpClientError.ResponseError> {
    return Effect.flatMap(this.arrayBuffer, (body) =>
      Effect.tryPromise({
        try: () => new Response(body, { headers: { "content-type": this.headers["content-type"] ?? "" } }).formData(),
        catch: (cause) => this.failure(cause)
      })
    )
  }
  get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpClientError.ResponseError> {
    // a copy: the bytes may be part of a buffer that is shared
    return Effect.map(this.bytes, (bytes) => new Uint8Array(bytes).buffer)
  }

  failure(cause: unknown): HttpClientError.ResponseError {
    const response = this.shown
    return new HttpClientError.ResponseError({ request: response.request, response, reason: "Decode", cause })
  }

  /** The same answer for errors, which end up in logs: of its request it holds what may be shown. */
  get shown(): Answer {
    return new Shown(this)
  }

  protected decoded<A>(evaluate: () => A): Effect.Effect<A, HttpClientError.ResponseError> {
    return Effect.try({ try: evaluate, catch: (cause) => this.failure(cause) })
  }

  override toJSON(): unknown {
    return {
      _id: "@effect/platform/HttpClientResponse",
      request: reduced(this.request).toJSON(),
      status: this.status,
      headers: Headers.redact(this.headers, ["set-cookie"])
    }
  }
}

class Shown extends Answer {
  readonly #answer: Answer

  constructor(answer: Answer) {
    super({
      ...answer.head,
      request: reduced(answer.request),
      headers: () => answer.headers,
      cookies: () => answer.cookies
    })
    this.#answer = answer
  }

  override get shown(): Answer {
    return this
  }
  override get bytes(): Effect.Effect<Uint8Array, HttpClientError.ResponseError> {
    return this.#answer.bytes
  }
  override get text(): Effect.Effect<string, HttpClientError.ResponseError> {
    return this.#answer.text
  }
  override get stream(): Stream.Stream<Uint8Array, HttpClientError.ResponseError> {
    return this.#answer.stream
  }
}

const parseJson = (text: string): unknown => {
  if (text === "") return null
  try {
    return JSON.parse(text)
  } catch {
    // the parser's message quotes the answer
    throw new SyntaxError("the body of the answer is no JSON")
  }
}

/** The bytes of a body that was read. */
export interface Body {
  readonly bytes: () => Uint8Array
  readonly text: () => string
}

/** An answer whose body has been read. */
export class ReadAnswer extends Answer {
  readonly body: Body
  #text: string | undefined
  #parsed: { readonly value: unknown } | undefined

  constructor(head: Head, body: Body) {
    super(head)
    this.body = body
  }

  readText(): string {
    return (this.#text ??= this.body.text())
  }

  /** Parses the body as JSON, and keeps the value for who asks first; throws a `SyntaxError`. */
  parse(): void {
    this.#parsed = { value: parseJson(this.readText()) }
  }

  override get json(): Effect.Effect<unknown, HttpClientError.ResponseError> {
    return Effect.suspend(() => {
      const parsed = this.#parsed
      if (parsed === undefined) return super.json
      // handed out once: two readers must not share what one of them may change
      this.#parsed = undefined
      return Effect.succeed(parsed.value)
    })
  }

  override get text(): Effect.Effect<string, HttpClientError.ResponseError> {
    return Effect.sync(() => this.readText())
  }
  override get bytes(): Effect.Effect<Uint8Array, HttpClientError.ResponseError> {
    return Effect.sync(() => this.body.bytes())
  }
  override get stream(): Stream.Stream<Uint8Array, HttpClientError.ResponseError> {
    return Stream.fromEffect(this.bytes)
  }
}

/** The body that chunks make up. */
export const bodyOf = (chunks: ReadonlyArray<Uint8Array>): Body => {
  const bytes = (): Uint8Array => concat(chunks)
  return { bytes, text: () => new TextDecoder().decode(bytes()) }
}

export const concat = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const [first, ...more] = chunks
  if (first !== undefined && more.length === 0) return first
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.length
  }
  return whole
}

export const isSuccess = (status: number): boolean => status >= 200 && status < 300

/** A success with more bytes than are allowed. */
export class TooLarge {
  readonly status: number
  /** How many are. */
  readonly bytes: number
  constructor(status: number, bytes: number) {
    this.status = status
    this.bytes = bytes
  }
}

/** Reads the body of any client's answer, within the bounds of a success or a failure. */
export const readWithin = (
  response: HttpClientResponse.HttpClientResponse,
  bounds: Bounds,
  success: boolean = isSuccess(response.status)
): Effect.Effect<ReadAnswer, TooLarge | HttpClientError.ResponseError> => {
  const { cookies, headers, request, status } = response
  // Node forgets it when the body has been read
  const address = response.remoteAddress
  const [kept, most] = success ? [bounds.body, bounds.body] : [bounds.kept, bounds.drained]
  const chunks: Array<Uint8Array> = []
  let size = 0
  const all = Stream.runForEachWhile(response.stream, (chunk) =>
    Effect.sync(() => {
      if (size < kept) chunks.push(chunk.subarray(0, kept - size))
      size += chunk.length
      return size <= most
    })
  ).pipe(
    Effect.catchIf(
      (error) => error.reason === "EmptyBody",
      () => Effect.void
    )
  )
  // how much of a failure's body there is does not matter, nor whether it breaks off, nor whether somebody has read it, of
  // which web streams die
  const some = Effect.catchAllDefect(all, () => Effect.void)
  const reading = success ? all : Effect.ignore(Effect.timeoutOption(some, bounds.draining))
  return Effect.flatMap(reading, () => {
    if (success && size > most) return Effect.fail(new TooLarge(status, most))
    const head = {
      request,
      status,
      contentType: headers["content-type"],
      headers: () => headers,
      cookies: () => cookies,
      remoteAddress: address._tag === "Some" ? address.value : undefined,
      sender: response instanceof Answer ? response.head.sender : undefined
    }
    return Effect.succeed(new ReadAnswer(head, bodyOf(chunks)))
  })
}
