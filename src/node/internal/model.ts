/**
 * What an exchange is begun with.
 *
 * @since 0.1.0
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { Dispatcher } from "undici"
import type { Upload } from "./upload.js"

/** How long each phase may take, in milliseconds, and the whole of it. */
export interface Limits {
  readonly pool: number
  readonly connect: number
  readonly write: number
  readonly read: number
  readonly whole: number
  /** What running out of the whole is called. */
  readonly as: "attempt" | "deadline"
}

/** What is sent. */
export interface Sending {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: URL
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | Upload | null
}

/** What undici calls, as its versions 7 and 8 have it in common. */
export type Handler = Required<
  Pick<
    Dispatcher.DispatchHandler,
    "onRequestStart" | "onResponseStart" | "onResponseData" | "onResponseEnd" | "onResponseError"
  >
>

/** What an exchange needs of a dispatcher. */
export interface Dispatching {
  // a method, so that the types of either version fit
  dispatch(options: Dispatcher.DispatchOptions, handler: Handler): boolean
}
