import { HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted, Stream, TestClock } from "effect"
import { Accounting, ApiError, Hedge, Reliability, ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import * as EventStream from "effect-reliability/stream"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import { expect } from "vitest"

const workload = Workload.with(Workload.interactive, { retry: Retry.make({ attempts: 3, jitter: "none" }) })

const url = "https://api.example.com/v1/chat/completions"

const prompt = (more: object = {}) =>
  HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(url), {
    model: "m",
    messages: [{ role: "user", content: "one two three four five six seven eight nine ten" }],
    ...more
  })

/** The tokens that the scripted server states: one for each word. */
const words = 10

/** The estimate of the limiter: a token for four bytes of the body. */
const inputOf = ({ body }: HttpClientRequest.HttpClientRequest) =>
  body._tag === "Uint8Array" ? Math.ceil(body.body.length / 4) : NaN

const none = { input: 0, estimated: 0, output: 0 }
const estimated = (input: number) => ({ input, estimated: input, output: 0 })

/** Runs an effect while the clock advances, and returns the tokens of its calls. */
const tokensOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const accounting = yield* Accounting.make()
    const fiber = yield* Effect.fork(Accounting.count(effect, accounting))
    yield* TestClock.adjust("5 minutes")
    yield* Fiber.await(fiber)
    return Accounting.tokens(yield* accounting.snapshot)
  })

const makeClient = (script: Fault.Script, options: ReliableHttpClient.Options = {}) =>
  Effect.map(ScriptedClient.make(script), (scripted) =>
    ReliableHttpClient.make(scripted, { workload, idempotency: "safe", ...options })
  )

describe("Accounting of requests", () => {
  it.effect("counts the tokens that the response states", () =>
    Effect.gen(function* () {
      const client = yield* makeClient(Fault.healthy)
      const report = yield* tokensOf(client.execute(prompt()))
      expect(report).toEqual({
        spent: { input: words, estimated: 0, output: words },
        wasted: none,
        failed: none,
        aborted: none
      })
    })
  )

  it.effect("estimates the tokens of attempts that fail, and counts them as wasted", () =>
    Effect.gen(function* () {
      const client = yield* makeClient([Fault.answer(503), Fault.answer(500)])
      const { failed, spent, wasted } = yield* tokensOf(client.execute(prompt()))
      expect(wasted).toEqual(estimated(2 * inputOf(prompt())))
      expect(failed).toEqual(wasted)
      expect(spent).toEqual({ input: wasted.input + words, estimated: wasted.estimated, output: words })
    })
  )

  it.effect("counts no tokens if nothing was sent, or if the server refused to execute it", () =>
    Effect.gen(function* () {
      const down = yield* ScriptedClient.make()
      yield* down.down
      const refused = ReliableHttpClient.make(down, { workload, idempotency: "safe" })
      expect((yield* tokensOf(refused.execute(prompt()))).spent).toEqual(none)
      for (const status of [429, 401, 400]) {
        const client = yield* makeClient(() => Fault.answer(status))
        expect((yield* tokensOf(client.execute(prompt()))).spent).toEqual(none)
      }
    })
  )

  it.effect("counts no tokens without a model, unless the option cost states them", () =>
    Effect.gen(function* () {
      const upload = HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(url), { file: "x".repeat(1000) })
      const down = () => Fault.answer(503)
      const plain = yield* makeClient(down)
      expect((yield* tokensOf(plain.execute(upload))).spent).toEqual(none)
      const stated = yield* makeClient(down, { cost: () => ({ input: 5 }) })
      expect((yield* tokensOf(stated.execute(upload))).wasted).toEqual(estimated(15))
      const named = yield* makeClient(down, { about: () => ({ model: "m" }) })
      expect((yield* tokensOf(named.execute(upload))).wasted).toEqual(estimated(3 * inputOf(upload)))
      const invalid = yield* makeClient(down, {
        cost: () => {
          throw new Error("no cost")
        }
      })
      expect((yield* tokensOf(invalid.execute(prompt()))).spent).toEqual(none)
    })
  )

  it.effect("counts tokens as aborted if the caller is interrupted after the request was sent", () =>
    Effect.gen(function* () {
      const client = yield* makeClient(Fault.unanswered)
      const report = yield* tokensOf(Effect.timeout(client.execute(prompt()), "1 second"))
      expect(report.aborted).toEqual(estimated(inputOf(prompt())))
      expect(report.wasted).toEqual(report.aborted)
      const policy = Reliability.make({ workload, cost: { input: 100 } })
      const queued = Reliability.leaf(policy, ({ onCancel }) =>
        Effect.onInterrupt(Effect.never, () => Effect.sync(() => onCancel?.("NotSent")))
      )
      expect((yield* tokensOf(Effect.timeout(queued, "1 second"))).spent).toEqual(none)
    })
  )

  it.effect("counts tokens as aborted if the copy was hedged away", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ after: "1 second", budget: { ratio: 1 } })
      const client = yield* makeClient([Fault.stall("1 minute"), Fault.healthy], { hedge })
      const report = yield* tokensOf(client.execute(prompt()))
      const lost = inputOf(prompt())
      expect(report.aborted).toEqual(estimated(lost))
      expect(report.spent).toEqual({ input: lost + words, estimated: lost, output: words })
    })
  )

  it.effect("ignores the response to an earlier attempt", () =>
    Effect.gen(function* () {
      const givenUp = Fault.answer(200, {
        body: { choices: [{ finish_reason: "error" }], usage: { prompt_tokens: 7, completion_tokens: 3 } }
      })
      const scripted = yield* ScriptedClient.make([givenUp, Fault.answer(503), givenUp])
      const fireworks = yield* Effect.provideService(
        Fireworks.make({ apiKey: Redacted.make("fw_0123456789abcdef"), workload }),
        HttpClient.HttpClient,
        scripted
      )
      const messages = [{ role: "user", content: "x".repeat(4000) }] as const
      const { failed } = yield* tokensOf(
        Effect.flip(fireworks.chat({ model: "accounts/fireworks/models/m", messages }))
      )
      expect(failed.input - failed.estimated).toBe(14)
      expect(failed.output).toBe(6)
      expect(failed.estimated).toBeGreaterThan(1000)
      expect(failed.estimated).toBeLessThan(1100)
    })
  )
})

describe("Accounting of streams", () => {
  const request = prompt({ stream: true })
  const open = (script: Fault.Script, sent = request) =>
    Effect.map(makeClient(script), (client) => EventStream.open(sent, { client }))

  it.effect("counts the tokens that the stream states at its end, or estimates", () =>
    Effect.gen(function* () {
      const stating = yield* open(Fault.healthy, prompt({ stream: true, stream_options: { include_usage: true } }))
      const { spent, wasted } = yield* tokensOf(Stream.runDrain(stating))
      expect(spent).toEqual({ input: words, estimated: 0, output: words })
      expect(wasted).toEqual(none)
      const report = yield* tokensOf(Stream.runDrain(yield* open(Fault.healthy)))
      expect([report.spent, report.wasted]).toEqual([estimated(inputOf(request)), none])
    })
  )

  it.effect("counts tokens as wasted, and once, if the stream breaks or is left early", () =>
    Effect.gen(function* () {
      const broken = yield* open(Fault.stream({ events: 5, after: 2, ending: "reset" }))
      expect((yield* tokensOf(Effect.flip(Stream.runDrain(broken)))).failed).toEqual(estimated(inputOf(request)))
      const left = yield* open(Fault.stream({ events: 5, every: "1 second" }))
      expect((yield* tokensOf(Stream.runDrain(Stream.take(left, 2)))).aborted).toEqual(estimated(inputOf(request)))
    })
  )

  it.effect("counts the tokens of attempts before the first event as wasted", () =>
    Effect.gen(function* () {
      const retried = yield* open([Fault.answer(503), Fault.answer(503), Fault.stream({ events: 3 })])
      const { spent, wasted } = yield* tokensOf(Stream.runDrain(retried))
      expect(wasted).toEqual(estimated(2 * inputOf(request)))
      expect(spent).toEqual(estimated(3 * inputOf(request)))
    })
  )
})

describe("Accounting.tokens", () => {
  const down = Effect.fail(new ApiError.Fatal({ reason: "Unknown", delivery: "Acknowledged" }))
  const policy = Reliability.make({ workload, cost: { input: 100 } })
  const fails = Effect.flip(down.pipe(Reliability.protect(policy)))

  it.effect("returns the tokens of windows and of differences", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make({ bucket: "1 minute", buckets: 3 })
      const counted = Accounting.count(fails, accounting)
      yield* counted
      yield* TestClock.adjust("1 minute")
      yield* Effect.replicateEffect(counted, 2)
      const earlier = yield* accounting.snapshot
      yield* TestClock.adjust("1 minute")
      yield* Effect.replicateEffect(counted, 4)
      const later = yield* accounting.snapshot
      expect(Accounting.tokens(later).wasted).toEqual(estimated(700))
      expect(Accounting.tokens(Accounting.since(later, earlier)).wasted).toEqual(estimated(400))
      const inputs = yield* Effect.forEach([0, 1, 2], (minute) =>
        Effect.map(
          accounting.window(minute * 60_000, (minute + 1) * 60_000),
          (window) => Accounting.tokens(window).wasted.input
        )
      )
      expect(inputs).toEqual([100, 200, 400])
      // the fourth bucket takes the place of the first
      yield* TestClock.adjust("1 minute")
      yield* counted
      const all = yield* accounting.window(0, Infinity)
      expect(Accounting.tokens(all).wasted.input).toBe(700)
      expect(Accounting.tokens(yield* accounting.snapshot).wasted.input).toBe(800)
    })
  )

  it.effect("counts the innermost calls, and none whose tokens are unknown or invalid", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make()
      yield* fails.pipe(Reliability.protect(policy), Accounting.count(accounting))
      expect(Accounting.tokens(yield* accounting.snapshot).spent).toEqual(estimated(100))
      const unknown = yield* Accounting.make()
      for (const cost of [undefined, {}, { maxOutput: 7 }, { input: -1 }, { input: NaN }, { input: Infinity }]) {
        const call = Reliability.protect(Effect.void, Reliability.make({ workload, cost }))
        yield* Accounting.count(call, unknown)
      }
      const { rows } = yield* unknown.snapshot
      expect(rows.map(({ count, of, tokens }) => [of, count, tokens])).toEqual([
        ["attempt", 6, undefined],
        ["call", 6, undefined]
      ])
    })
  )
})
