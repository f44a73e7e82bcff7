/**
 * HTTP responses that implement `HttpClientResponse` of `@effect/platform`.
 *
 * @since 0.1.0
 */
import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Channel from "effect/Channel"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type Bounds, isJson } from "./transportHook.js"
import { reduced } from "./request.js"
import type { Sender } from "./sender.js"

/** The part of a response before its body. The fields that are expensive to compute are functions, called once. */
export interface Head {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly status: number
  readonly contentType: string | undefined
  readonly headers: () => Headers.Headers
  readonly cookies: () => Cookies.Cookies
  readonly remoteAddress: string | undefined
  /** The sender of the response, if it may not be the server. */
  readonly sender?: Sender | undefined
}

/** A response without an implementation of reading its body. */
export abstract class BaseResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
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
    // copied, since the bytes may be part of a shared buffer
    return Effect.map(this.bytes, (bytes) => new Uint8Array(bytes).buffer)
  }

  failure(cause: unknown): HttpClientError.ResponseError {
    const response = this.shown
    return new HttpClientError.ResponseError({ request: response.request, response, reason: "Decode", cause })
  }

  /** The same response for errors, which end up in logs. Its request is reduced to what may be shown. */
  get shown(): BaseResponse {
    return new RedactedResponse(this)
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

/** A response with a redacted request. */
class RedactedResponse extends BaseResponse {
  readonly #response: BaseResponse

  constructor(response: BaseResponse) {
    super({
      ...response.head,
      request: reduced(response.request),
      headers: () => response.headers,
      cookies: () => response.cookies
    })
    this.#response = response
  }

  override get shown(): BaseResponse {
    return this
  }
  override get bytes(): Effect.Effect<Uint8Array, HttpClientError.ResponseError> {
    return this.#response.bytes
  }
  override get text(): Effect.Effect<string, HttpClientError.ResponseError> {
    return this.#response.text
  }
  override get stream(): Stream.Stream<Uint8Array, HttpClientError.ResponseError> {
    return this.#response.stream
  }
}

const parseJson = (text: string): unknown => {
  if (text === "") return null
  try {
    return JSON.parse(text)
  } catch {
    // the parser's message would quote the body
    throw new SyntaxError("the body of the response is not valid JSON")
  }
}

/** A body that has been read. */
export interface Body {
  readonly isLongerThan: (bytes: number) => boolean
  readonly bytes: () => Uint8Array
  readonly text: () => string
}

/** A response whose body has been read. */
export class BufferedResponse extends BaseResponse {
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

  /** Parses the body as JSON and keeps the value for the first reader. Throws a `SyntaxError` if it is invalid. */
  parse(): void {
    this.#parsed = { value: parseJson(this.readText()) }
  }

  /** The value that `parse` kept, until it is returned. */
  get parsed(): unknown {
    return this.#parsed?.value
  }

  override get json(): Effect.Effect<unknown, HttpClientError.ResponseError> {
    return Effect.suspend(() => {
      const parsed = this.#parsed
      if (parsed === undefined) return super.json
      // returned once: two readers must not share a value that one of them may change
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

/** Makes a body of chunks. */
export const bodyOf = (chunks: ReadonlyArray<Uint8Array>): Body => {
  const bytes = (): Uint8Array => concat(chunks)
  return { isLongerThan: (most) => sizeOf(chunks) > most, bytes, text: () => new TextDecoder().decode(bytes()) }
}

/** Makes a body of text that a client has decoded. Some clients keep the byte order mark, which is removed. */
const bodyOfText = (text: string): Body => {
  const bytes = (): Uint8Array => new TextEncoder().encode(text)
  return {
    // a UTF-16 code unit takes at most three bytes
    isLongerThan: (most) => text.length * 3 > most && bytes().length > most,
    bytes,
    text: () => (text.startsWith("\ufeff") ? text.slice(1) : text)
  }
}

/** Returns the number of bytes of all chunks. */
export const sizeOf = (chunks: ReadonlyArray<Uint8Array>): number =>
  chunks.reduce((sum, chunk) => sum + chunk.length, 0)

export const concat = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const [first, ...more] = chunks
  if (first !== undefined && more.length === 0) return first
  const whole = new Uint8Array(sizeOf(chunks))
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.length
  }
  return whole
}

export const isSuccess = (status: number): boolean => status >= 200 && status < 300

/** A successful response with more bytes than its bound. */
export class TooLarge {
  readonly status: number
  readonly detail: string
  constructor(status: number, bounds: Bounds, json: boolean) {
    this.status = status
    this.detail =
      json && bounds.json < bounds.body
        ? `the limit for JSON is ${bounds.json} bytes; raise it with maxJson`
        : `the limit is ${bounds.body} bytes`
  }
}

/** Returns the bound of a successful response. */
const mostOf = (bounds: Bounds, json: boolean): number => (json ? Math.min(bounds.json, bounds.body) : bounds.body)

/** The largest body that is read as text, in bytes. Above it, the cost of a stream is small compared to that of the bytes. */
const maxPlain = 256 * 1024

/**
 * Tests whether the runtime is Node, where a response that was decompressed always has its `content-encoding`. Browsers hide
 * the header from other origins, and other runtimes may remove it: there, `content-length` says nothing about the decoded
 * size.
 */
const showsEncoding = (): boolean => {
  // oxlint-disable-next-line no-restricted-globals -- no service tells which runtime this is
  const { document, process } = globalThis as {
    readonly document?: unknown
    readonly process?: { readonly versions?: Readonly<Record<string, string | undefined>> | undefined } | undefined
  }
  const { bun, deno, node } = process?.versions ?? {}
  return node !== undefined && bun === undefined && deno === undefined && document === undefined
}

/** Tests whether a body is small JSON in UTF-8, of a size that is known. */
const isPlain = (headers: Headers.Headers, contentType: string | undefined, most: number): boolean => {
  const length = headers["content-length"]
  return (
    isJson(contentType) &&
    length !== undefined &&
    /^\d{1,9}$/.test(length) &&
    Number(length) <= Math.min(most, maxPlain) &&
    headers["content-encoding"] === undefined &&
    headers["transfer-encoding"] === undefined &&
    !/charset\s*=(?!\s*"?utf-?8)/i.test(contentType ?? "") &&
    showsEncoding()
  )
}

/**
 * Reads a body as text, which costs a fraction of running its stream. The platform's clients keep the text, so that a body that
 * middleware has read before can be read again.
 */
const readPlain = (
  response: HttpClientResponse.HttpClientResponse,
  bounds: Bounds
): Effect.Effect<Body, TooLarge | HttpClientError.ResponseError> =>
  Effect.flatMap(response.text, (text) => {
    const body = bodyOfText(text)
    // not every client enforces `content-length`
    return body.isLongerThan(mostOf(bounds, true))
      ? Effect.fail(new TooLarge(response.status, bounds, true))
      : Effect.succeed(body)
  })

/** Reads the stream of a response until its end, or until more than `most` bytes arrived, and keeps the first `kept` bytes. */
const readStream = (
  response: HttpClientResponse.HttpClientResponse,
  chunks: Array<Uint8Array>,
  kept: number,
  most: number
): Effect.Effect<number, HttpClientError.ResponseError> =>
  // `Stream.runForEach` and its relatives allocate half as much again
  Effect.scopedWith((scope) =>
    Effect.flatMap(Channel.toPullIn(Stream.toChannel(response.stream), scope), (pull) => {
      let size = 0
      let ended = false
      const loop = Effect.whileLoop({
        while: () => !ended && size <= most,
        body: () => pull,
        step: (pulled) => {
          if (pulled._tag === "Left") {
            ended = true
            return
          }
          for (const chunk of pulled.right) {
            if (size < kept) chunks.push(chunk.subarray(0, kept - size))
            size += chunk.length
          }
        }
      })
      return Effect.map(loop, () => size)
    })
  )

/** Reads the body of any client's response, within the bounds of a success or a failure. */
export const readWithin = (
  response: HttpClientResponse.HttpClientResponse,
  bounds: Bounds,
  success: boolean = isSuccess(response.status),
  // some clients build the headers at each access
  headers: Headers.Headers = response.headers
): Effect.Effect<BufferedResponse, TooLarge | HttpClientError.ResponseError> =>
  Effect.withFiberRuntime((fiber) => {
    const { request, status } = response
    const contentType = headers["content-type"]
    const cookies = headers["set-cookie"] === undefined ? Cookies.empty : response.cookies
    // Node no longer knows the address when the body has been read
    const address = response.remoteAddress
    const responseOf = (body: Body): BufferedResponse =>
      new BufferedResponse(
        {
          request,
          status,
          contentType,
          headers: () => headers,
          cookies: () => cookies,
          remoteAddress: address._tag === "Some" ? address.value : undefined,
          sender: response instanceof BaseResponse ? response.head.sender : undefined
        },
        body
      )
    const chunks: Array<Uint8Array> = []
    if (!success) {
      // The body of a failure may be incomplete or break off. It may also have been read already, which is a defect for web
      // streams.
      const some = Effect.catchAllDefect(readStream(response, chunks, bounds.kept, bounds.drained), () => Effect.void)
      return Effect.map(Effect.ignore(Effect.timeoutOption(some, bounds.draining)), () => responseOf(bodyOf(chunks)))
    }
    const json = isJson(contentType)
    const most = mostOf(bounds, json)
    const plain =
      isPlain(headers, contentType, most) &&
      Option.isNone(Context.get(fiber.currentContext, HttpIncomingMessage.MaxBodySize))
    const read: Effect.Effect<Body, TooLarge | HttpClientError.ResponseError> = plain
      ? readPlain(response, bounds)
      : Effect.flatMap(readStream(response, chunks, most, most), (size) =>
          size > most ? Effect.fail(new TooLarge(status, bounds, json)) : Effect.succeed(bodyOf(chunks))
        )
    return Effect.matchEffect(read, {
      onSuccess: (body) => Effect.succeed(responseOf(body)),
      onFailure: (error) =>
        error instanceof TooLarge || error.reason !== "EmptyBody"
          ? Effect.fail(error)
          : Effect.succeed(responseOf(bodyOf(chunks)))
    })
  })
