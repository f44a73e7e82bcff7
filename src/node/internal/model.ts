/**
 * Types of one HTTP exchange: its limits, its request, and the interface to undici.
 *
 * @since 0.1.0
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { Dispatcher } from "undici"
import type { Upload } from "./upload.js"

/** The limits of each phase and of the whole exchange, in milliseconds. */
export interface Limits {
  readonly pool: number
  readonly connect: number
  readonly write: number
  readonly read: number
  readonly whole: number
  /** The phase that a timeout of the whole exchange reports. */
  readonly as: "attempt" | "deadline"
}

/** A request that is ready to be sent. */
export interface Sending {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: URL
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | Upload | null
}

/** The callbacks that undici versions 7 and 8 have in common. */
export type Handler = Required<
  Pick<
    Dispatcher.DispatchHandler,
    "onRequestStart" | "onResponseStart" | "onResponseData" | "onResponseEnd" | "onResponseError"
  >
>

/** The part of undici's `Dispatcher` that an exchange uses. */
export interface Dispatching {
  // declared as a method, so that dispatchers of both versions are assignable
  dispatch(options: Dispatcher.DispatchOptions, handler: Handler): boolean
}
