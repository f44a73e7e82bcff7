import { HttpClient } from "@effect/platform"
import { it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Logger, LogLevel, Redacted, Stream, TestClock } from "effect"
import { ApiError, CircuitBreaker, RateLimiter, Reliability, RetryBudget, Store, Telemetry } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import { describe, expect } from "vitest"
import { linesOf, recordedLines } from "../support/logLines.js"
import { chat, exactly, failing, unavailable } from "../support/telemetry.js"

/** Runs an effect with logs through all its waits, and returns its lines. */
const logged = <A, E>(effect: Effect.Effect<A, E>, options?: Telemetry.LogOptions, wait = "10 minutes" as const) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(linesOf(Effect.provide(effect, Telemetry.logs(options))))
    yield* TestClock.adjust(wait)
    return yield* Fiber.join(fiber)
  })

const about = {
  host: "user:secret@api.test:8443",
  model: "accounts/acme/models/m",
  operation: "chat",
  provider: "p",
  method: "POST"
}

const policy = Reliability.make({ workload: exactly("w"), about })
const bad = new ApiError.Fatal({ reason: "BadRequest", delivery: "Acknowledged", status: 400 })

describe("Telemetry.logs", () => {
  it.effect("logs a retry at Debug, with what failed and how long it waits", () =>
    Effect.gen(function* () {
      const error = new ApiError.Transient({
        reason: "Unavailable",
        delivery: "Acknowledged",
        status: 503,
        requestId: "req-1"
      })
      const lines = yield* logged(
        Reliability.protect(failing(error), policy).pipe(Effect.annotateLogs({ tenant: "a" }))
      )
      expect(lines).toEqual([
        {
          level: "DEBUG",
          message: "an attempt failed and is retried",
          annotations: {
            tenant: "a",
            workload: "w",
            operation: "chat",
            model: "models/m",
            address: "api.test",
            reason: "Unavailable",
            delivery: "Acknowledged",
            status: 503,
            requestId: "req-1",
            attempt: 1,
            why: "Backoff",
            wait: "1s"
          }
        }
      ])
    })
  )

  it.effect("logs a call that is given up at Warning, with the reason why it is not retried", () =>
    Effect.gen(function* () {
      const lines = yield* logged(Reliability.protect(Effect.fail(unavailable), policy))
      expect(lines.map(({ level, annotations }) => [level, annotations["attempt"], annotations["why"]])).toEqual([
        ["DEBUG", 1, "Backoff"],
        ["DEBUG", 2, "Backoff"],
        ["WARN", 3, "Attempts"]
      ])
      expect(lines[2]).toMatchObject({
        message: "a call failed and is given up",
        annotations: { workload: "w", reason: "Unavailable", duration: "3s" }
      })
    })
  )

  it.effect("logs a call that cannot be retried at Debug, and an interrupted or successful one not at all", () =>
    Effect.gen(function* () {
      const lines = yield* logged(Reliability.protect(Effect.fail(bad), policy))
      expect(lines).toMatchObject([{ level: "DEBUG", message: "a call failed", annotations: { why: "Fatal" } }])
      expect(yield* logged(Reliability.protect(Effect.interrupt, policy))).toEqual([])
      expect(yield* logged(Reliability.protect(Effect.void, policy))).toEqual([])
    })
  )

  it.effect("logs a call of protected calls once, by the call that failed", () =>
    Effect.gen(function* () {
      const inner = Reliability.protect(Effect.fail(unavailable), exactly("inner"))
      const lines = yield* logged(Reliability.protect(inner, exactly("outer")))
      expect(lines.filter(({ level }) => level === "WARN").map(({ annotations }) => annotations["workload"])).toEqual([
        "inner"
      ])
    })
  )

  it.effect("logs a stream that fails after its first event", () =>
    Effect.gen(function* () {
      const http = yield* ScriptedClient.make(Fault.stream({ events: 3, after: 2, ending: "reset" }))
      const fireworks = yield* Fireworks.make({ apiKey: Redacted.make("fw_secret") }).pipe(
        Effect.provideService(HttpClient.HttpClient, http)
      )
      const lines = yield* logged(Stream.runDrain(fireworks.chatStream(chat())))
      // Effect logs that the fiber failed, too
      expect(lines.filter(({ level }) => level === "WARN")).toMatchObject([
        { level: "WARN", message: "a stream failed", annotations: { reason: "StreamBroken", delivery: "Partial" } }
      ])
    })
  )

  it.effect("logs each kind of line at the level of its option, and none at None", () =>
    Effect.gen(function* () {
      const call = Reliability.protect(Effect.fail(unavailable), policy)
      const lines = yield* logged(call, { retry: "Info", giveUp: "Fatal" })
      expect(lines.map(({ level }) => level)).toEqual(["INFO", "INFO", "FATAL"])
      expect(yield* logged(call, { retry: "None", giveUp: "None" })).toEqual([])
      expect(() => Telemetry.logs({ retry: "Loud" as never })).toThrow(
        'Telemetry.logs: retry is "Loud"; it must be one of Fatal, Error, Warning, Info, Debug, Trace, None'
      )
    })
  )

  it.effect("respects the minimum log level of the fiber", () =>
    Effect.gen(function* () {
      const call = Reliability.protect(Effect.fail(unavailable), policy)
      const lines = yield* logged(call.pipe(Logger.withMinimumLogLevel(LogLevel.Info)))
      expect(lines.map(({ level }) => level)).toEqual(["WARN"])
    })
  )

  it.effect("logs each line once if the layer is provided twice", () =>
    Effect.gen(function* () {
      const call = Reliability.protect(Effect.fail(unavailable), policy)
      const lines = yield* logged(call.pipe(Effect.provide(Layer.merge(Telemetry.logs(), Telemetry.layer()))))
      expect(lines).toHaveLength(3)
    })
  )

  it.effect("logs no account, key, prompt or text of the server", () =>
    Effect.gen(function* () {
      const http = yield* ScriptedClient.make(
        Fault.answer(503, { body: { error: { message: "account acme: sk-live-1234567890abcdef is over quota" } } })
      )
      const fireworks = yield* Fireworks.make({ apiKey: Redacted.make("fw_secret"), accountId: "acme" }).pipe(
        Effect.provideService(HttpClient.HttpClient, http)
      )
      const request = { ...chat("a secret prompt"), model: "accounts/acme/models/m" }
      const lines = yield* logged(fireworks.chat(request))
      expect(lines.length).toBeGreaterThan(1)
      expect(JSON.stringify(lines)).not.toMatch(/acme|fw_secret|secret prompt|sk-live|quota/)
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Policies
// -------------------------------------------------------------------------------------------------

const key = "api.test models/m"

describe("Telemetry.logs of policies", () => {
  it.effect("logs each transition of a circuit at Warning", () =>
    Effect.gen(function* () {
      const breaker = yield* CircuitBreaker.make({
        tripPolicy: CircuitBreaker.consecutive(1),
        openDuration: "2 seconds"
      })
      const through = CircuitBreaker.withBreaker(breaker, { key: `api.test accounts/acme/models/m` })
      const lines = yield* logged(
        Effect.ignore(through(Effect.fail(unavailable))).pipe(
          Effect.zipRight(Effect.sleep("2 seconds")),
          Effect.zipRight(through(Effect.void))
        )
      )
      const message = "a circuit changed its state"
      expect(lines).toEqual([
        { level: "WARN", message, annotations: { key, from: "Closed", to: "Open", wait: "2s", openings: 1 } },
        { level: "WARN", message, annotations: { key, from: "Open", to: "HalfOpen" } },
        { level: "WARN", message, annotations: { key, from: "HalfOpen", to: "Closed" } }
      ])
    })
  )

  it.effect("logs transitions of a breaker that a policy uses, and of one with a store", () =>
    Effect.gen(function* () {
      const store = yield* Store.makeMemory
      for (const options of [{}, { store }]) {
        const trip = { tripPolicy: CircuitBreaker.consecutive(1), openDuration: "1 hour" } as const
        const breaker = yield* CircuitBreaker.make({ ...trip, ...options })
        const own = Reliability.make({ workload: exactly("w"), about, breaker: { breaker, key, whenOpen: "fail" } })
        const lines = yield* logged(Reliability.protect(Effect.fail(unavailable), own), { retry: "None" })
        expect(lines.filter(({ annotations }) => "to" in annotations)).toHaveLength(1)
      }
    })
  )

  it.effect("logs a paused limiter once, however many calls wait and however often it stays paused", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      const refused = new ApiError.RateLimit({ reason: "RateExceeded", delivery: "Acknowledged", status: 429 })
      const workload = exactly("w", { deadline: "1 hour" })
      const own = Reliability.make({ workload, limiter: { limiter, key } })
      let refusals = 0
      const call = Reliability.protect(
        Effect.delay(
          Effect.suspend(() => (++refusals <= 12 ? Effect.fail(refused) : Effect.void)),
          "20 millis"
        ),
        own
      )
      const calls = Effect.ignore(
        Effect.all(
          Array.from({ length: 20 }, () => Effect.ignore(call)),
          { concurrency: 20 }
        )
      )
      const lines = yield* logged(calls, { retry: "None", giveUp: "None" })
      expect(lines.map(({ level, message }) => [level, message])).toEqual([
        ["INFO", "a rate limiter holds back all calls"]
      ])
      expect(lines[0]?.annotations).toMatchObject({ key, reason: "RateLimit" })
    })
  )

  it.effect("logs a limiter that is parked by a server hint and refuses calls, once", () =>
    Effect.gen(function* () {
      const limiter = yield* RateLimiter.make()
      const retryAfter = Duration.minutes(10)
      const refused = new ApiError.RateLimit({
        reason: "RateExceeded",
        delivery: "Acknowledged",
        status: 429,
        retryAfter
      })
      const limited = Effect.ignore(
        RateLimiter.limit(Effect.delay(Effect.fail(refused), "10 millis"), limiter, { key })
      )
      const short = Reliability.protect(Effect.void, {
        ...Reliability.make({
          workload: exactly("w", { timeouts: { attempt: "5 seconds" }, deadline: "5 seconds" }),
          limiter: { limiter, key }
        })
      })
      const calls = limited.pipe(
        Effect.zipRight(limited),
        Effect.zipRight(Effect.ignore(short)),
        Effect.zipRight(Effect.ignore(short))
      )
      const lines = yield* logged(calls, { giveUp: "None" })
      expect(lines.map(({ annotations }) => annotations["reason"])).toEqual(["RateLimit"])
    })
  )

  it.effect("logs each outage of a store once, without this layer too", () =>
    Effect.gen(function* () {
      const down: Store.Store = { modify: () => Effect.fail(new Store.StoreUnavailable({ detail: "down" })) }
      const both = Effect.flatMap(RetryBudget.make({ store: down }), ({ withdraw }) => Effect.zip(withdraw, withdraw))
      const expected = [{ level: "WARN", annotations: { policy: "RetryBudget" } }]
      expect(yield* linesOf(both)).toMatchObject(expected)
      expect(yield* logged(both)).toMatchObject(expected)
      expect(yield* logged(both, { outage: "None" })).toEqual([])
    })
  )

  it.effect("leaves nothing behind when its scope closes", () =>
    Effect.gen(function* () {
      const { layer, lines } = recordedLines()
      const breaker = yield* CircuitBreaker.make({ tripPolicy: CircuitBreaker.consecutive(1) })
      const fails = Effect.ignore(CircuitBreaker.withBreaker(Effect.fail(unavailable), breaker, { key }))
      yield* Effect.provide(Effect.provide(Effect.void, Telemetry.logs()), layer)
      yield* Effect.provide(fails, layer)
      expect(lines).toEqual([])
    })
  )
})
