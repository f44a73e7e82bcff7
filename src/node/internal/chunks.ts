/**
 * The body of a response, assembled from its chunks.
 *
 * @since 0.1.0
 */
import { type Body, sizeOf } from "../../internal/http/response.js"

const utf8 = (chunks: ReadonlyArray<Buffer>): string => {
  const text = (chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)).toString("utf8")
  return text.codePointAt(0) === 0xfeff ? text.slice(1) : text
}

export const bodyOf = (chunks: ReadonlyArray<Buffer>): Body => ({
  isLongerThan: (most) => sizeOf(chunks) > most,
  bytes: () => Buffer.concat(chunks),
  text: () => utf8(chunks)
})
