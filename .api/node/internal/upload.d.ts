import type { Readable } from "node:stream"
import type { ReadableStream } from "node:stream/web"
export type Source = AsyncIterable<unknown> | ReadableStream<unknown> | Readable
export declare class Upload implements AsyncIterable<unknown> {
  #private
  onEnd: () => void
  started: boolean
  failure:
    | {
        readonly cause: unknown
      }
    | undefined
  constructor(source: Source | (() => Source))
  again(): Upload | undefined
  [Symbol.asyncIterator](): AsyncIterator<unknown>
  stop(): void
}
