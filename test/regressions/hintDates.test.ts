/**
 * `Classify.exception` in the `catch` of `Effect.tryPromise` did not know the time, and lost every hint that is a date.
 */
import { it } from "@effect/vitest"
import { Duration, Effect, Option, TestClock } from "effect"
import { ApiError, Classify, Dialect, Reliability, Workload } from "effect-reliability"
import { describe, expect } from "vitest"

const start = Date.parse("2026-11-21T08:00:00Z")
const headers = { "retry-after": "Sat, 21 Nov 2026 08:00:30 GMT" }

/** Makes an exception of the `openai` package. */
const refusal = () =>
  Object.assign(new Error("429"), {
    status: 429,
    headers: new Headers(headers),
    error: { code: "rate_limit_exceeded", message: "Slow down." }
  })

const rejecting = (cause: unknown) => Effect.tryPromise(() => Promise.reject(cause))

describe("Classify.mapError", () => {
  const causes: ReadonlyArray<readonly [string, () => Effect.Effect<unknown, unknown>]> = [
    ["of Effect.tryPromise", () => rejecting(refusal())],
    [
      "of Effect.tryPromise with a catch",
      () => Effect.tryPromise({ try: () => Promise.reject(refusal()), catch: (cause) => ({ _tag: "Refused", cause }) })
    ],
    ["that are responses", () => Effect.fail(new Response(null, { status: 429, headers }))],
    ["that are the cause of others", () => rejecting(new Error("-", { cause: refusal() }))]
  ]
  for (const [name, failing] of causes) {
    it.effect(`reads a date hint relative to the Clock, in errors ${name}`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(start)
        for (const classified of [failing().pipe(Classify.mapError()), Classify.mapError(failing())]) {
          const error = yield* Effect.flip(classified)
          expect(error).toMatchObject({ _tag: "RateLimit", status: 429 })
          expect(error.retryAfter).toEqual(Duration.seconds(30))
        }
        yield* TestClock.adjust("10 seconds")
        expect((yield* Effect.flip(Classify.mapError(failing()))).retryAfter).toEqual(Duration.seconds(20))
      })
    )
  }

  it.effect("accepts the dialect, target, method and URL of the call", () =>
    Effect.gen(function* () {
      const context = { dialect: Dialect.fireworks, target: "dedicated", method: "POST", url: "https://h/p?q" } as const
      for (const classified of [
        rejecting(refusal()).pipe(Classify.mapError(context)),
        Classify.mapError(rejecting(refusal()), context)
      ]) {
        expect(yield* Effect.flip(classified)).toMatchObject({ reason: "Capacity", method: "POST", url: "https://h/p" })
      }
    })
  )

  it.effect("preserves successes, defects and ApiErrors", () =>
    Effect.gen(function* () {
      const error = ApiError.settle(new ApiError.Transient({ reason: "BadGateway", delivery: "Acknowledged" }), 3)
      expect(yield* Classify.mapError(Effect.succeed(1))).toBe(1)
      expect(yield* Effect.flip(Classify.mapError(Effect.fail(error)))).toBe(error)
      const exit = yield* Effect.exit(Classify.mapError(Effect.die("oops")))
      expect(exit).toEqual(yield* Effect.exit(Effect.die("oops")))
    })
  )

  it.effect("delays the retry of Reliability.protect until the date of the hint", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start)
      let calls = 0
      const call = Effect.suspend(() => (++calls === 1 ? rejecting(refusal()) : Effect.succeed("there")))
      const fiber = yield* Effect.fork(call.pipe(Classify.mapError(), Reliability.protect(Workload.interactive)))
      // a promise rejects one turn of the event loop later
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      yield* TestClock.adjust("29900 millis")
      expect([calls, Option.isNone(yield* fiber.poll)]).toEqual([1, true])
      yield* TestClock.adjust("10 seconds")
      expect(calls).toBe(2)
      expect(yield* fiber).toBe("there")
    })
  )
})
