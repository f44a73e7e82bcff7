/**
 * Prints the error of each status in the Fireworks reliability guide (https://docs.fireworks.ai/guides/reliability).
 * See `Classify.answer`, which needs only a status, and the fields of the error that it returns.
 */
import { ApiError, Classify, Dialect } from "effect-reliability"

const rows: ReadonlyArray<readonly [status: number, meaning: string, body: unknown]> = [
  [
    429,
    "Rate limit",
    { error: { message: "rate limit exceeded, please try again later", code: "invalid_request_error" } }
  ],
  [500, "Internal server error", { error: { message: "internal error" } }],
  [502, "Bad gateway", "<html><title>502 Bad Gateway</title></html>"],
  [503, "Service unavailable", { error: { message: "service overloaded" } }],
  [504, "Gateway timeout", "upstream request timeout"],
  [400, "Bad request", { error: { message: "temperature must be at most 2", code: "invalid_request_error" } }],
  [401, "Unauthorized", { error: { message: "The API key you provided is invalid.", code: "UNAUTHORIZED" } }],
  [404, "Not found", { error: { message: "Model not found, inaccessible, and/or not deployed", code: "NOT_FOUND" } }],
  [422, "Unprocessable entity", { detail: [{ loc: ["body", "messages"], msg: "Field required" }] }]
]

console.table(
  rows.map(([status, meaning, body]) => {
    const error = Classify.answer({ status, body, dialect: Dialect.fireworks, now: Date.now() })
    return {
      status,
      meaning,
      "fails with": `${error._tag} / ${error.reason}`,
      "retry?": ApiError.isRetryable(error) ? "yes" : "no",
      "may have been executed?": !ApiError.isRetryable(error) ? "" : ApiError.mayHaveExecuted(error) ? "yes" : "no",
      "what to do": error.advice
    }
  })
)
