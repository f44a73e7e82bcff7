/**
 * The reasons why a settled error was not retried, with their texts.
 *
 * @since 0.1.0
 */

/** The text of each reason, which completes "Not retried: …". */
export const stopReasons = {
  Foreign: "it is not an ApiError",
  Settled: "an inner owner of retries was still at work when the attempt timed out",
  Fatal: "a retry would fail the same way, or the server forbids it",
  Idempotency: "the request may have been executed and is not declared idempotent (option idempotency)",
  Attempts: "all attempts are used up",
  NameNotFound: "the host name was not found in several attempts in a row",
  PatienceEnded: "the deployment did not become ready within the workload's patience",
  HintTooLong: "the server asks for a longer wait than maxHint allows",
  Deadline: "the deadline leaves no time for another attempt",
  Budget: "the retry budget is exhausted",
  QueueFull: "the queue of the rate limiter is full",
  CircuitOpen: "the circuit breaker is open",
  StoreUnavailable: "the store of the rate limiter is unavailable (option onOutage)",
  SpentBody: "the request's body is a stream, which cannot be sent again",
  StreamBegan: "the stream had begun, and what was received cannot be continued"
} as const satisfies Record<string, string>

/** A reason of a schedule, or of a stream that was sent or received. */
export type StopReason = keyof typeof stopReasons
