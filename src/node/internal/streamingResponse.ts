/**
 * A response that is read while it arrives.
 *
 * @since 0.1.0
 */
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ApiError } from "../../ApiError.js"
import { BaseResponse, concat, type Head } from "../../internal/http/response.js"
import { type Bytes, bytesKey } from "../../internal/sse/decoder.js"

/** Number of unread bytes from which on the socket is paused. */
const highWater = 64 * 1024

type Pulled = Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<ApiError>>

/** A buffer for the bytes of a response, between the socket and the reader. */
export class Source {
  readonly #resumeSocket: () => void
  readonly #cancel: () => void
  #chunks: Array<Uint8Array> = []
  #size = 0
  #paused = false
  #end: Pulled | undefined
  #reader: ((result: Pulled) => void) | undefined

  constructor(resumeSocket: () => void, cancel: () => void) {
    this.#resumeSocket = resumeSocket
    this.#cancel = cancel
  }

  /** True if the reader is waiting for bytes. */
  get isAwaited(): boolean {
    return this.#reader !== undefined
  }

  /** Adds bytes. Returns false if the socket must pause. */
  push(chunk: Uint8Array): boolean {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    this.#serve()
    this.#paused = this.#size >= highWater
    return !this.#paused
  }

  end(): void {
    this.#finish(Effect.fail(Option.none()))
  }

  fail(error: ApiError): void {
    this.#finish(Effect.fail(Option.some(error)))
  }

  /** Returns all bytes that have arrived, or waits for the next ones. Fails with `None` at the end. */
  readonly pull: Pulled = Effect.suspend(() => {
    const arrived = this.#take()
    if (arrived !== undefined) return Effect.succeed(arrived)
    if (this.#end !== undefined) return this.#end
    return Effect.async((resume) => {
      this.#reader = resume
      return Effect.sync(() => {
        this.#reader = undefined
      })
    })
  })

  /** Discards unread bytes, and closes the connection unless the response has ended. */
  close(): void {
    this.#chunks = []
    if (this.#end === undefined) this.#cancel()
    this.#end ??= Effect.fail(Option.none())
  }

  #finish(end: Pulled): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#serve()
  }

  #take(): Chunk.Chunk<Uint8Array> | undefined {
    if (this.#chunks.length === 0) return undefined
    const chunks = Chunk.unsafeFromArray(this.#chunks)
    this.#chunks = []
    this.#size = 0
    if (this.#paused) {
      this.#paused = false
      this.#resumeSocket()
    }
    return chunks
  }

  #serve(): void {
    const reader = this.#reader
    if (reader === undefined) return
    const arrived = this.#take()
    const result = arrived === undefined ? this.#end : Effect.succeed(arrived)
    if (result === undefined) return
    this.#reader = undefined
    reader(result)
  }
}

// a response that is collected unread would otherwise keep its connection forever
let unread: FinalizationRegistry<Source> | undefined
const registry = (): FinalizationRegistry<Source> =>
  (unread ??= new FinalizationRegistry((source) => {
    source.close()
  }))

/** A response whose body has not arrived yet. The body can be read once, as a stream or as a whole. */
export class StreamingResponse extends BaseResponse {
  readonly #source: Source
  #bytes: Uint8Array | undefined
  #begun = false

  constructor(head: Head, source: Source) {
    super(head)
    this.#source = source
    registry().register(this, source)
  }

  override get stream(): Stream.Stream<Uint8Array, HttpClientError.ResponseError> {
    return Stream.suspend(() => {
      if (this.#bytes !== undefined) return Stream.make(this.#bytes)
      if (this.#begun) return Stream.fail(this.#alreadyRead())
      this.#begun = true
      // the stream must reference the response: if it were garbage-collected now, its connection would be closed
      const pull = Effect.mapError(
        this.#source.pull,
        Option.map((error) => this.failure(error))
      )
      return Stream.fromPull(Effect.acquireRelease(Effect.succeed(pull), () => Effect.sync(() => this.#source.close())))
    })
  }

  /** Returns the bytes as they arrive, for a reader that builds its own stream; undefined if the body was read. */
  [bytesKey](): Bytes | undefined {
    if (this.#bytes !== undefined || this.#begun) return undefined
    this.#begun = true
    const pull = Effect.mapError(
      this.#source.pull,
      Option.map((error) => this.failure(error))
    )
    return { pull, close: () => this.#source.close() }
  }

  override get bytes(): Effect.Effect<Uint8Array, HttpClientError.ResponseError> {
    return Effect.suspend(() => {
      if (this.#bytes !== undefined) return Effect.succeed(this.#bytes)
      if (this.#begun) return Effect.fail(this.#alreadyRead())
      this.#begun = true
      const chunks: Array<Uint8Array> = []
      const read: Effect.Effect<Uint8Array, HttpClientError.ResponseError> = Effect.matchEffect(this.#source.pull, {
        onSuccess: (arrived) => {
          chunks.push(...arrived)
          return read
        },
        onFailure: (end) =>
          Option.isSome(end) ? Effect.fail(this.failure(end.value)) : Effect.sync(() => (this.#bytes = concat(chunks)))
      })
      return Effect.onInterrupt(read, () => Effect.sync(() => this.#source.close()))
    })
  }

  override get text(): Effect.Effect<string, HttpClientError.ResponseError> {
    return Effect.map(this.bytes, (bytes) => new TextDecoder().decode(bytes))
  }

  #alreadyRead(): HttpClientError.ResponseError {
    return this.failure(new Error("the response body has already been read, or is being read"))
  }
}
