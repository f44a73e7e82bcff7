/**
 * Hedges the requests of a client.
 *
 * @since 0.2.0
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { Idempotency, Workload } from "../call/model.js"
import { hedged, isFreeFor, valueOf } from "../hedge/hedging.js"
import type { HedgeService, RequestHedge } from "../hedge/model.js"
import { isStreamed } from "../http/request.js"
import { RequestFacts } from "../http/requestFacts.js"
import type { CheckedUse } from "../rateLimiter/use.js"
import { replayables } from "./outgoingRequest.js"

export const toRequestHedge = (given: HedgeService | RequestHedge | undefined): RequestHedge | undefined =>
  given === undefined || "hedge" in given ? given : { hedge: given }

interface Given {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly policy: { readonly idempotency?: Idempotency | undefined; readonly workload: Workload }
  /** Returns the use of the limiter of the client, if it has one. */
  readonly useOf: () => CheckedUse | undefined
}

/** Hedges a call, unless its body is a stream that can be read only once. */
export const hedgedRequest = <A, E, R>(
  call: Effect.Effect<A, E, R>,
  { hedge, key }: RequestHedge,
  { policy, request, useOf }: Given
): Effect.Effect<A, E, R> => {
  if (isStreamed(request.body) && !replayables.has(request.body)) return call
  return hedged<A, E, R, A>(call, {
    hedge,
    key: key?.(request) ?? `${request.method} ${new RequestFacts(request, undefined).key}`,
    idempotency: policy.idempotency,
    isFree: () => {
      const use = useOf()
      return use === undefined || isFreeFor(use, "default")
    },
    deadline: Duration.toMillis(policy.workload.deadline),
    onSuccess: valueOf
  })
}
