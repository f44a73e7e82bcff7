/**
 * Bodies of requests that are read as they are sent.
 *
 * Undici reads them with `for await`, and while the source is silent nothing ends that loop, not even a connection that is
 * gone; nor does it tell a source that failed from a connection that did.
 *
 * @since 0.1.0
 */
import type { Readable } from "node:stream"
import type { ReadableStream } from "node:stream/web"

/** What gives a body away piece by piece. */
export type Source = AsyncIterable<unknown> | ReadableStream<unknown> | Readable

/** How a source is read, and told that nobody reads on, even while it is asked for more. */
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

/** Keeps a Node stream that breaks while nobody reads it yet from taking the process down. */
const guard = (source: Source): void => {
  if ("destroy" in source && !source.listeners("error").includes(ignore)) source.on("error", ignore)
}

const isPiece = (value: unknown): boolean => typeof value === "string" || ArrayBuffer.isView(value)

/** A body that is read as it is sent, once at most. */
export class Upload implements AsyncIterable<unknown> {
  /** Called when the source has ended, after all that it gave was written. */
  onEnd: () => void = ignore
  /** Whether anything was asked of the source. */
  started = false
  /** What the source failed with. */
  failure: { readonly cause: unknown } | undefined
  readonly #source: Source | (() => Source)
  #reading: Reading | undefined
  #stopped = false
  #reject: (cause: unknown) => void = ignore

  /** Of a source that is read once, or of a value, whose source can be made again. */
  constructor(source: Source | (() => Source)) {
    this.#source = source
    if (typeof source !== "function") guard(source)
  }

  /** The same body to be sent from its beginning, if that is possible. */
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

  /** Nobody reads on; nothing happens to a source that has ended, or was not asked for anything. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#reject(new Error("nobody reads on"))
    const reading = this.#reading
    if (reading !== undefined) {
      Promise.resolve()
        .then(() => reading.stop())
        .catch(ignore)
    }
  }

  async #next(): Promise<IteratorResult<unknown>> {
    try {
      if (this.#stopped) throw new Error("nobody reads on")
      this.started = true
      const source = this.#source
      const result = await (this.#reading ??= read(typeof source === "function" ? source() : source)).next()
      if (result.done === true) {
        this.#stopped = true
        this.onEnd()
      } else if (!isPiece(result.value)) throw new TypeError("a piece of a body is neither bytes nor text")
      return result
    } catch (cause) {
      if (!this.#stopped) this.failure = { cause }
      throw cause
    }
  }
}
