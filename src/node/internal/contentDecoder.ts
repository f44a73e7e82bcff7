/**
 * Answers that were compressed on their way: most servers do it if they are asked, and some gateways unasked.
 *
 * @since 0.1.0
 */
import type { Transform } from "node:stream"
import * as zlib from "node:zlib"
import type { Kind } from "../../ApiError.js"
import { headerOf, headersOf, type RawHeaders } from "./rawHeaders.js"

/** Takes what comes out. */
export interface Sink {
  /** Takes bytes in; answers whether more of them may come. */
  readonly onBytes: (bytes: Buffer) => boolean
  /** More may be put in. */
  readonly onDrain: () => void
  /** All that was put in is out. */
  readonly onEnd: () => void
  /** Nothing more comes. */
  readonly onBroken: (kind: Kind, detail: string, cause?: unknown) => void
}

// Those of IANA's list that change bytes; other words (`utf-8`) are mistakes, and `fetch` goes by none of them either
const registered = /^(?:aes128gcm|br|compress|dcb|dcz|deflate|exi|gzip|pack200-gzip|x-compress|x-gzip|zstd)$/

/** How the bytes of an answer are encoded, in the order in which it was done; nothing if they are as they are. */
const encodingOf = (raw: RawHeaders): string | undefined => {
  if (headerOf(raw, "content-encoding") === undefined) return undefined
  const words = (headersOf(raw)["content-encoding"] ?? "").toLowerCase().split(/[\s,]+/)
  const codings = words.filter((word) => registered.test(word)).slice(0, 4)
  return codings.length > 0 ? codings.join(", ") : undefined
}

/** The headers of what came out: how long it was before, and how it was encoded, is over. */
const decodedHeaders = (raw: RawHeaders): RawHeaders =>
  raw.filter((_, index) => {
    const name = raw[index - (index % 2)]?.toString("latin1").toLowerCase()
    return name !== "content-encoding" && name !== "content-length"
  })

const openerOf = (encoding: string): ((first: Buffer) => Transform) | undefined => {
  switch (encoding) {
    case "gzip":
    case "x-gzip":
      return () => zlib.createGunzip()
    case "deflate":
      // some servers send it without the header that belongs to it, which browsers understand as well
      return ([byte = 0]) => ((byte & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw())
    case "br":
      return () => zlib.createBrotliDecompress()
    case "zstd":
      // since Node 22.15, which is newer than the types
      return (zlib as { readonly createZstdDecompress?: () => Transform }).createZstdDecompress
    default:
      return undefined
  }
}

/** Decodes the bytes of one answer as they come, and no faster than they are taken. */
export class ContentDecoder {
  readonly encoding: string
  /** What is said of its bytes, once they are out. */
  readonly headers: RawHeaders
  readonly #open: ((first: Buffer) => Transform) | undefined
  readonly #sink: Sink
  // an answer without bytes is nothing that could be decoded
  #stream: Transform | undefined
  /** Whether all has been put in, and whether nothing more comes out. */
  #isIn = false
  #isOut = false

  constructor(encoding: string, raw: RawHeaders, sink: Sink) {
    this.encoding = encoding
    this.#open = openerOf(encoding)
    this.headers = this.isKnown ? decodedHeaders(raw) : raw
    this.#sink = sink
  }

  /** Whether it knows the encoding; if not, the first bytes are one too many. */
  get isKnown(): boolean {
    return this.#open !== undefined
  }

  /** Takes bytes in; answers whether more of them may come. */
  write(bytes: Buffer): boolean {
    // what follows the end belongs to nothing
    if (this.#isOut) return true
    this.#stream ??= this.#begin(bytes)
    return this.#stream?.write(bytes) === true
  }

  /** All is in. */
  end(): void {
    this.#isIn = true
    if (this.#stream === undefined || this.#isOut) this.#sink.onEnd()
    else this.#stream.end()
  }

  /** More may come out. */
  resume(): void {
    this.#stream?.resume()
  }

  close(): void {
    this.#isOut = true
    this.#stream?.destroy()
  }

  /** Tells that it does not. */
  unknown(): void {
    const detail = `the answer is encoded as ${this.encoding}, which is not decoded here`
    this.#sink.onBroken({ class: "Fatal", reason: "Decode" }, detail)
  }

  #begin(first: Buffer): Transform | undefined {
    const sink = this.#sink
    const stream = this.#open?.(first)
    if (stream === undefined) this.unknown()
    return stream
      ?.on("data", (bytes: Buffer) => {
        if (!sink.onBytes(bytes)) stream.pause()
      })
      .on("drain", sink.onDrain)
      .on("end", () => {
        this.#isOut = true
        if (this.#isIn) sink.onEnd()
        else sink.onDrain()
      })
      .on("error", (cause) =>
        sink.onBroken({ class: "Transient", reason: "InvalidAnswer" }, `the answer is no valid ${this.encoding}`, cause)
      )
  }
}

/** What decodes an answer, if it has to be. */
export const decoderOf = (method: string, status: number, raw: RawHeaders, sink: Sink): ContentDecoder | undefined => {
  const isEmpty = method === "HEAD" || status === 204 || status === 304
  const encoding = isEmpty ? undefined : encodingOf(raw)
  return encoding === undefined ? undefined : new ContentDecoder(encoding, raw, sink)
}
