/** A program as users write it: the package's test type-checks and runs it against the packed package. */
import * as assert from "node:assert"
import { Effect } from "effect"
import { ApiError, Classify } from "effect-reliability"
import { isRetryable } from "effect-reliability/ApiError"

const call = Effect.fail(Classify.answer({ status: 503, headers: {}, body: "busy", now: 0 }))

const advice = call.pipe(
  Effect.catchTags({
    RateLimit: (error) => Effect.succeed(error.advice),
    Transient: (error) => Effect.succeed(isRetryable(error) ? "again" : error.advice),
    Fatal: (error) => Effect.fail(error)
  })
)

assert.strictEqual(await Effect.runPromise(advice), "again")
assert.ok(ApiError.isApiError(await Effect.runPromise(Effect.flip(call))))
