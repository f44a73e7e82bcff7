import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { Dispatcher } from "undici"
import type { Upload } from "./upload.js"
export interface Limits {
  readonly pool: number
  readonly connect: number
  readonly write: number
  readonly read: number
  readonly whole: number
  readonly as: "attempt" | "deadline"
}
export interface Sending {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: URL
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | Upload | null
}
export type Handler = Required<
  Pick<
    Dispatcher.DispatchHandler,
    "onRequestStart" | "onResponseStart" | "onResponseData" | "onResponseEnd" | "onResponseError"
  >
>
export interface Dispatching {
  dispatch(options: Dispatcher.DispatchOptions, handler: Handler): boolean
}
