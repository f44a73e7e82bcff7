export declare const stopReasons: {
  readonly Foreign: "it is not an ApiError"
  readonly Settled: "an inner owner of retries was still at work when the attempt timed out"
  readonly Fatal: "a retry would fail the same way, or the server forbids it"
  readonly Idempotency: "the request may have been executed and is not declared idempotent (option idempotency)"
  readonly Attempts: "all attempts are used up"
  readonly NameNotFound: "the host name was not found in several attempts in a row"
  readonly PatienceEnded: "the deployment did not become ready within the workload's patience"
  readonly HintTooLong: "the server asks for a longer wait than maxHint allows"
  readonly Deadline: "the deadline leaves no time for another attempt"
  readonly Budget: "the retry budget is exhausted"
  readonly QueueFull: "the queue of the rate limiter is full"
  readonly CircuitOpen: "the circuit breaker is open"
  readonly StoreUnavailable: "the store of the rate limiter is unavailable (option onOutage)"
  readonly SpentBody: "the request's body is a stream, which cannot be sent again"
  readonly StreamBegan: "the stream had begun, and what was received cannot be continued"
}
export type StopReason = keyof typeof stopReasons
