/**
 * The types that the parts of the Fireworks client share.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Reliability from "../../Reliability.js"
import type * as Workload from "../../Workload.js"
import type { ApiError } from "../../ApiError.js"

/**
 * What each call takes.
 *
 * @since 0.1.0
 * @category model
 */
export interface CallOptions {
  /** The limits and retries of this call. @default those around it (`Workload.within`), then those of the service */
  readonly workload?: Workload.Workload | undefined
  /** Calls of the same key go to the same replica, whose cache knows the prompt (`x-session-affinity`). @default none */
  readonly sessionAffinity?: string | undefined
  /** The same for the turns of one conversation; it counts before `sessionAffinity` (`x-multi-turn-session-id`). @default none */
  readonly multiTurnSession?: string | undefined
  /** The id of the call, the same on each attempt (`x-request-id`). @default a new one */
  readonly requestId?: string | undefined
  /** Further headers. @default none */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/**
 * The control plane of an account: deployments, data sets, jobs.
 *
 * @since 0.1.0
 * @category model
 */
export interface Control {
  /** The account; `InvalidRequest` where none was given. */
  readonly accountId: Effect.Effect<string, ApiError>
  /**
   * Sends a request whose URL is a path below `/v1/accounts/{account}`, such as `/batchInferenceJobs?pageSize=50`. Its answer
   * is a success, and read. `idempotency` is by default `safe` for GET, HEAD, PUT, DELETE and OPTIONS, and `never` for others.
   */
  readonly request: (
    request: HttpClientRequest.HttpClientRequest,
    workload: Workload.Workload,
    idempotency?: Reliability.Idempotency
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, ApiError>
  /** Where trainers are, as inference is: the base URL that the service was made with. */
  readonly baseUrl: string
  /**
   * Whether a URL answers 200 within 5 seconds; whatever else comes of it means no. The key goes there: only the service's own
   * hosts are asked, and those below `fireworks.ai` by `https:`.
   */
  readonly probe: (url: string) => Effect.Effect<boolean>
  /** A text of the server's without the key and the account. */
  readonly masked: (text: string) => string
}
