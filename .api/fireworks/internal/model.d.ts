import type * as Effect from "effect/Effect"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Reliability from "../../Reliability.js"
import type * as Workload from "../../Workload.js"
import type { ApiError } from "../../ApiError.js"
export interface CallOptions {
  readonly workload?: Workload.Workload | undefined
  readonly sessionAffinity?: string | undefined
  readonly multiTurnSession?: string | undefined
  readonly requestId?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}
export interface Control {
  readonly accountId: Effect.Effect<string, ApiError>
  readonly request: (
    request: HttpClientRequest.HttpClientRequest,
    workload: Workload.Workload,
    idempotency?: Reliability.Idempotency
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, ApiError>
  readonly baseUrl: string
  readonly probe: (url: string) => Effect.Effect<boolean>
  readonly masked: (text: string) => string
}
