/**
 * Decodes compressed responses. Most servers compress only if the request allows it; some gateways always do.
 *
 * @since 0.1.0
 */
import type { Transform } from "node:stream"
import * as zlib from "node:zlib"
import type { Kind } from "../../ApiError.js"
import { headerOf, headersOf, type RawHeaders } from "./rawHeaders.js"

/** The receiver of decoded bytes. */
export interface Sink {
  /** Receives decoded bytes. Returns false to pause decoding until `resume` is called. */
  readonly onBytes: (bytes: Buffer) => boolean
  /** Called when the decoder accepts more bytes. */
  readonly onDrain: () => void
  /** Called when all bytes are decoded. */
  readonly onEnd: () => void
  /** Called when decoding fails. */
  readonly onBroken: (kind: Kind, detail: string, cause?: unknown) => void
}

// The IANA content codings that change bytes. Other values, such as `utf-8`, are mistakes; `fetch` ignores them too.
const registered = /^(?:aes128gcm|br|compress|dcb|dcz|deflate|exi|gzip|pack200-gzip|x-compress|x-gzip|zstd)$/

/** Returns the content codings of a response in the order in which they were applied; undefined without any. */
const encodingOf = (raw: RawHeaders): string | undefined => {
  if (headerOf(raw, "content-encoding") === undefined) return undefined
  const words = (headersOf(raw)["content-encoding"] ?? "").toLowerCase().split(/[\s,]+/)
  const codings = words.filter((word) => registered.test(word)).slice(0, 4)
  return codings.length > 0 ? codings.join(", ") : undefined
}

/** Returns the headers of a decoded response, without its encoding and the length of the encoded body. */
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
      // some servers omit the zlib header, which browsers accept too
      return ([byte = 0]) => ((byte & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw())
    case "br":
      return () => zlib.createBrotliDecompress()
    case "zstd":
      // available since Node 22.15, and missing in the installed types
      return (zlib as { readonly createZstdDecompress?: () => Transform }).createZstdDecompress
    default:
      return undefined
  }
}

/** Decodes the bytes of one response as they arrive, with backpressure from the sink. */
export class ContentDecoder {
  readonly encoding: string
  /** The headers of the decoded response. */
  readonly headers: RawHeaders
  readonly #open: ((first: Buffer) => Transform) | undefined
  readonly #sink: Sink
  // created with the first bytes, because an empty body cannot be decoded
  #stream: Transform | undefined
  /** True if all encoded bytes were written. */
  #isIn = false
  /** True if no more decoded bytes will be emitted. */
  #isOut = false

  constructor(encoding: string, raw: RawHeaders, sink: Sink) {
    this.encoding = encoding
    this.#open = openerOf(encoding)
    this.headers = this.isKnown ? decodedHeaders(raw) : raw
    this.#sink = sink
  }

  /** True if the encoding is supported; otherwise the first bytes make decoding fail. */
  get isKnown(): boolean {
    return this.#open !== undefined
  }

  /** Writes encoded bytes. Returns false if no more may be written before `onDrain` is called. */
  write(bytes: Buffer): boolean {
    // bytes after the end of the encoded data are ignored
    if (this.#isOut) return true
    this.#stream ??= this.#begin(bytes)
    return this.#stream?.write(bytes) === true
  }

  /** Marks the end of the encoded bytes. */
  end(): void {
    this.#isIn = true
    if (this.#stream === undefined || this.#isOut) this.#sink.onEnd()
    else this.#stream.end()
  }

  /** Continues decoding after `onBytes` returned false. */
  resume(): void {
    this.#stream?.resume()
  }

  close(): void {
    this.#isOut = true
    this.#stream?.destroy()
  }

  /** Reports that the encoding is not supported. */
  unknown(): void {
    const detail = `the response is encoded as ${this.encoding}, which is not supported`
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
        sink.onBroken(
          { class: "Transient", reason: "InvalidAnswer" },
          `the response is not valid ${this.encoding}`,
          cause
        )
      )
  }
}

/** Returns a decoder for a response; undefined if the response has no body or is not encoded. */
export const decoderOf = (method: string, status: number, raw: RawHeaders, sink: Sink): ContentDecoder | undefined => {
  const isEmpty = method === "HEAD" || status === 204 || status === 304
  const encoding = isEmpty ? undefined : encodingOf(raw)
  return encoding === undefined ? undefined : new ContentDecoder(encoding, raw, sink)
}
