/**
 * Request bodies that are read while they are sent.
 *
 * Undici reads a body with `for await`. While the source produces nothing, that loop does not end, even if the connection is
 * lost. Undici also does not distinguish a failure of the source from a failure of the connection. `Upload` adds both.
 *
 * @since 0.1.0
 */
import type { Readable } from "node:stream"
import type { ReadableStream } from "node:stream/web"

/** A source of the chunks of a body. */
export type Source = AsyncIterable<unknown> | ReadableStream<unknown> | Readable

/** Operations to read the next chunk of a source, and to stop the source even while a read is pending. */
interface Reading {
  readonly next: () => Promise<IteratorResult<unknown>>
  readonly stop: () => unknown
}

const ignore = (): void => undefined

const read = (source: Source): Reading => {
  if ("getReader" in source) {
    const reader = source.getReader()
    return {
      next: () => reader.read().then(({ done, value }) => ({ done, value }) as IteratorResult<unknown>),
      stop: () => reader.cancel()
    }
  }
  const iterator = source[Symbol.asyncIterator]()
  const stop = "destroy" in source ? () => source.destroy() : () => iterator.return?.()
  return { next: () => iterator.next(), stop }
}

/** Adds an error listener to a Node stream, so that a failure before the first read does not crash the process. */
const guard = (source: Source): void => {
  if ("destroy" in source && !source.listeners("error").includes(ignore)) source.on("error", ignore)
}

const isPiece = (value: unknown): boolean => typeof value === "string" || ArrayBuffer.isView(value)

/** A body that is read while it is sent, at most once. */
export class Upload implements AsyncIterable<unknown> {
  /** Called when the source has ended and all its chunks are written. */
  onEnd: () => void = ignore
  /** True if a read of the source was started. */
  started = false
  /** The error that the source failed with. */
  failure: { readonly cause: unknown } | undefined
  readonly #source: Source | (() => Source)
  #reading: Reading | undefined
  #stopped = false
  #reject: (cause: unknown) => void = ignore

  /** Takes a source that can be read once, or a function that makes a new source for each attempt. */
  constructor(source: Source | (() => Source)) {
    this.#source = source
    if (typeof source !== "function") guard(source)
  }

  /** Returns the same body for another attempt; undefined if it was read and its source cannot be made again. */
  again(): Upload | undefined {
    if (!this.started) return this
    return typeof this.#source === "function" ? new Upload(this.#source) : undefined
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return {
      next: () =>
        new Promise((resolve, reject) => {
          this.#reject = reject
          this.#next().then(resolve, reject)
        }),
      return: () => {
        this.stop()
        return Promise.resolve({ done: true, value: undefined })
      }
    }
  }

  /** Stops reading. A source that has ended, or was never read, is not affected. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#reject(new Error("the request body is no longer read"))
    const reading = this.#reading
    if (reading !== undefined) {
      Promise.resolve()
        .then(() => reading.stop())
        .catch(ignore)
    }
  }

  async #next(): Promise<IteratorResult<unknown>> {
    try {
      if (this.#stopped) throw new Error("the request body is no longer read")
      this.started = true
      const source = this.#source
      const result = await (this.#reading ??= read(typeof source === "function" ? source() : source)).next()
      if (result.done === true) {
        this.#stopped = true
        this.onEnd()
      } else if (!isPiece(result.value)) throw new TypeError("a chunk of the request body is neither bytes nor text")
      return result
    } catch (cause) {
      if (!this.#stopped) this.failure = { cause }
      throw cause
    }
  }
}
