/**
 * Encodes forms as `multipart/form-data`.
 *
 * @since 0.1.0
 */
import { randomUUID } from "node:crypto"
import { Upload } from "./upload.js"

/** An encoded form. */
export interface Multipart {
  readonly type: string
  readonly length: number
  readonly upload: Upload
}

// line breaks and names are encoded as in https://html.spec.whatwg.org/#multipart-form-data
const lines = (text: string): string => text.replace(/\r?\n|\r/g, "\r\n")

const quoted = (name: string): string => `"${name.replace(/\n/g, "%0A").replace(/\r/g, "%0D").replace(/"/g, "%22")}"`

const headOf = (name: string, value: FormDataEntryValue): string => {
  const field = `Content-Disposition: form-data; name=${quoted(lines(name))}`
  return typeof value === "string"
    ? `${field}\r\n\r\n`
    : `${field}; filename=${quoted(value.name)}\r\nContent-Type: ${value.type || "application/octet-stream"}\r\n\r\n`
}

/** Encodes a form. Its files are read while they are sent. */
export const multipart = (form: FormData): Multipart => {
  const boundary = `----formdata-${randomUUID()}`
  const pieces: Array<string | Blob> = []
  form.forEach((value, name) => {
    pieces.push(`--${boundary}\r\n${headOf(name, value)}`, typeof value === "string" ? lines(value) : value, "\r\n")
  })
  pieces.push(`--${boundary}--\r\n`)
  const sizeOf = (piece: string | Blob): number => (typeof piece === "string" ? Buffer.byteLength(piece) : piece.size)
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    length: pieces.reduce((sum, piece) => sum + sizeOf(piece), 0),
    upload: new Upload(async function* () {
      for (const piece of pieces) {
        if (typeof piece === "string") yield piece
        else yield* piece.stream()
      }
    })
  }
}
