/**
 * Reads the body of a request, as a server receives it.
 *
 * @since 0.1.0
 */
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Stream from "effect/Stream"
import { concat } from "../../internal/http/response.js"
import { isStreamed } from "../../internal/http/request.js"

/** The complete body of a request. */
export interface Sent {
  readonly bytes: Uint8Array
  /** The content type implied by the body, such as that of a form with its boundary. */
  readonly type?: string | undefined
}

const encoder = /*#__PURE__*/ new TextEncoder()

const pieceOf = (piece: unknown): Uint8Array => {
  if (typeof piece === "string") return encoder.encode(piece)
  if (ArrayBuffer.isView(piece)) return new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength)
  throw new TypeError("a chunk of the request body is neither bytes nor text")
}

const formed = (body: unknown): Effect.Effect<Sent, unknown> =>
  Effect.tryPromise(async () => {
    // `check` has validated its type
    const response = new Response(body as BodyInit)
    const type = typeof body === "string" ? null : response.headers.get("content-type")
    return { bytes: new Uint8Array(await response.arrayBuffer()), type: type ?? undefined }
  })

const sourceOf = (body: unknown): Stream.Stream<unknown, unknown> => {
  // `check` has validated that the body is one of these two
  const source = body as AsyncIterable<unknown> | ReadableStream<unknown>
  return "getReader" in source
    ? Stream.fromReadableStream(() => source, identity)
    : Stream.fromAsyncIterable(source, identity)
}

/** Reads the body of a request. Calls `onPiece` for each chunk of a streamed body. */
export const read = ({ body }: HttpClientRequest, onPiece: () => void): Effect.Effect<Sent, unknown> => {
  const collected = (stream: Stream.Stream<unknown, unknown>) =>
    Stream.runCollect(Stream.mapEffect(stream, (piece) => Effect.try(() => (onPiece(), pieceOf(piece))))).pipe(
      Effect.map((pieces): Sent => ({ bytes: concat([...pieces]) }))
    )
  switch (body._tag) {
    case "Empty":
      return Effect.succeed({ bytes: new Uint8Array() })
    case "Uint8Array":
      return Effect.succeed({ bytes: body.body })
    case "Stream":
      return collected(body.stream)
    case "FormData":
      return formed(body.formData)
    case "Raw":
      return isStreamed(body) ? collected(sourceOf(body.body)) : formed(body.body)
  }
}
