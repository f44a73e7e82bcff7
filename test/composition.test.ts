/**
 * The parts combined with each other and with the rest of Effect.
 */
import { HttpClient } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import {
  Chunk,
  Clock,
  Context,
  Data,
  Duration,
  Effect,
  Either,
  FastCheck as fc,
  Fiber,
  Layer,
  Option,
  Random,
  Redacted,
  Runtime,
  Schedule,
  Stream,
  TestClock
} from "effect"
import {
  ApiError,
  Classify,
  Deadline,
  Reliability,
  ReliableHttpClient,
  Retry,
  RetryBudget,
  Workload
} from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import { expect } from "vitest"

// -------------------------------------------------------------------------------------------------
// Three services
// -------------------------------------------------------------------------------------------------

/** Returns an effect with one outcome for each attempt, and the times of the attempts. */
const scripted = <E>(outcomes: ReadonlyArray<E | "ok">) => {
  const attempts: Array<number> = []
  const call = Effect.flatMap(Clock.currentTimeMillis, (now): Effect.Effect<string, E> => {
    const outcome = outcomes[attempts.push(now) - 1] ?? "ok"
    return outcome === "ok" ? Effect.succeed("an answer") : Effect.fail(outcome)
  })
  return { call, attempts }
}

/** The errors of a chat API called with `fetch`: a response, or the exception of `fetch`. */
type ChatError = Response | TypeError

const http = (status: number, headers: Record<string, string> = {}) => new Response(null, { status, headers })

const classifyChat = (error: ChatError): ApiError.ApiError =>
  error instanceof Response
    ? Classify.answer({ status: error.status, headers: error.headers, now: 0 })
    : Classify.exception(error, { now: 0 })

/** A database whose client tells its errors apart by tags. */
class Deadlock extends Data.TaggedError("Deadlock") {}
class ConnectionClosed extends Data.TaggedError("ConnectionClosed") {}
class UniqueViolation extends Data.TaggedError("UniqueViolation")<{ readonly column: string }> {}

type SqlError = Deadlock | ConnectionClosed | UniqueViolation

const classifySql = (error: SqlError): ApiError.ApiError => {
  switch (error._tag) {
    case "Deadlock":
      return new ApiError.Transient({ reason: "ServerError", delivery: "Acknowledged", executed: false })
    case "ConnectionClosed":
      return new ApiError.Transient({ reason: "ConnectionLost", delivery: "Unconfirmed" })
    case "UniqueViolation":
      return new ApiError.Fatal({ reason: "Conflict", delivery: "Acknowledged", detail: error.column })
  }
}

/** A search over gRPC, whose errors are numbers. */
interface GrpcError {
  readonly code: 3 | 8 | 14
  readonly retryDelay?: Duration.Duration
}

const classifyGrpc = ({ code, retryDelay }: GrpcError): ApiError.ApiError => {
  switch (code) {
    case 3:
      return new ApiError.Fatal({ reason: "BadRequest", delivery: "Acknowledged", code: "INVALID_ARGUMENT" })
    case 8:
      return new ApiError.RateLimit({ reason: "RateExceeded", delivery: "Acknowledged", retryAfter: retryDelay })
    case 14:
      return new ApiError.Transient({ reason: "Unavailable", delivery: "NotSent", code: "UNAVAILABLE" })
  }
}

/** The one schedule, with half of its jitter drawn each time: waits of 1.5 s, 2.5 s, 4.5 s and 8.5 s. */
const { documented } = Retry
const halfWay = Effect.withRandom(Random.fixed([0.5]))

const shared = Workload.make({
  name: "shared",
  timeouts: { attempt: "1 minute" },
  retry: documented
})

const chat = Reliability.make({ workload: shared, classify: classifyChat })
const database = Reliability.make({ workload: shared, classify: classifySql })
const search = Reliability.make({ workload: shared, classify: classifyGrpc })

/** Runs an effect while an hour passes. */
const withinAnHour = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

describe("one schedule for three services", () => {
  it.effect("retries concurrent calls of each service by their own errors", () =>
    Effect.gen(function* () {
      const asked = scripted<ChatError>([http(503), http(429, { "retry-after": "7" }), "ok"])
      const unplugged = scripted<ChatError>([
        new TypeError("fetch failed", { cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }) }),
        http(401)
      ])
      const stored = scripted<SqlError>([new Deadlock(), new ConnectionClosed(), new Deadlock(), new Deadlock(), "ok"])
      const twice = scripted<SqlError>([new Deadlock(), new UniqueViolation({ column: "id" })])
      const found = scripted<GrpcError>([{ code: 8, retryDelay: Duration.seconds(3) }, { code: 14 }, "ok"])
      const down = scripted<GrpcError>(Array.from({ length: 9 }, () => ({ code: 14 }) as const))

      const program = Effect.all(
        {
          asked: asked.call.pipe(Reliability.protect(chat), Effect.either),
          unplugged: unplugged.call.pipe(Reliability.protect(chat), Effect.either),
          stored: stored.call.pipe(Reliability.protect(database), Effect.either, Effect.delay(700)),
          twice: twice.call.pipe(Reliability.protect(database), Effect.either, Effect.delay(700)),
          found: found.call.pipe(Reliability.protect(search), Effect.either, Effect.delay(1300)),
          down: down.call.pipe(Reliability.protect(search), Effect.either, Effect.delay(1300))
        },
        { concurrency: "unbounded" }
      )
      const results = yield* withinAnHour(program.pipe(halfWay))

      expect(asked.attempts).toEqual([0, 1500, 9000])
      expect(unplugged.attempts).toEqual([0, 1500])
      expect(stored.attempts).toEqual([700, 2200, 4700, 9200, 17_700])
      expect(twice.attempts).toEqual([700, 2200])
      expect(found.attempts).toEqual([1300, 4800, 7300])
      expect(down.attempts).toEqual([1300, 2800, 5300, 9800, 18_300])

      const success = Either.right("an answer")
      expect([results.asked, results.stored, results.found]).toEqual([success, success, success])
      expect(results.unplugged).toMatchObject({ left: { reason: "Unauthorized", status: 401, attempts: 2 } })
      expect(results.twice).toMatchObject({ left: { reason: "Conflict", detail: "id", attempts: 2 } })
      expect(results.down).toMatchObject({ left: { reason: "Unavailable", code: "UNAVAILABLE", attempts: 5 } })
    })
  )

  it.effect("supports a client made of promises", () =>
    Effect.gen(function* () {
      const runtime = yield* Effect.runtime()
      const { call, attempts } = scripted<ChatError>([http(503), new TypeError("fetch failed"), "ok"])
      // a program without Effect: a function that resolves with any response, and throws
      const fetch = async (): Promise<Response> => {
        const outcome = await Runtime.runPromise(runtime)(Effect.either(call))
        if (Either.isRight(outcome)) return http(200)
        if (outcome.left instanceof Response) return outcome.left
        throw outcome.left
      }
      const ask = Effect.tryPromise({ try: fetch, catch: (cause) => Classify.exception(cause, { now: 0 }) }).pipe(
        Effect.filterOrFail((response) => response.ok, classifyChat)
      )
      const response = yield* withinAnHour(ask.pipe(Reliability.protect(shared), halfWay))
      expect([response.status, attempts]).toEqual([200, [0, 1500, 4000]])
    })
  )

  it.effect("keeps no state: in any mixture, each call ends as it does alone", () =>
    Effect.gen(function* () {
      const outcome = fc.constantFrom<GrpcError | "ok">({ code: 14 }, { code: 8 }, { code: 3 }, "ok")
      const scripts = fc.sample(
        fc.record({
          service: fc.constantFrom("chat", "database", "search"),
          delay: fc.integer({ min: 0, max: 8 }).map((n) => n * 250),
          outcomes: fc.array(outcome, { maxLength: 6 })
        }),
        { numRuns: 60, seed: 7 }
      )
      // the same outcomes as errors of each service
      const toChat = ({ code }: GrpcError) => http(code === 14 ? 503 : code === 8 ? 429 : 400)
      const toSql = ({ code }: GrpcError) =>
        code === 14 ? new ConnectionClosed() : code === 8 ? new Deadlock() : new UniqueViolation({ column: "id" })

      const calls = scripts.map(({ delay, outcomes, service }) => {
        const { call, attempts } = scripted(outcomes)
        const guarded: Effect.Effect<string, ApiError.ApiError> =
          service === "chat"
            ? call.pipe(Effect.mapError(toChat), Reliability.protect(chat))
            : service === "database"
              ? call.pipe(Effect.mapError(toSql), Reliability.protect(database))
              : call.pipe(Reliability.protect(search))
        return { attempts, run: Effect.delay(Effect.exit(guarded), delay) }
      })
      yield* withinAnHour(
        halfWay(
          Effect.all(
            calls.map(({ run }) => run),
            { concurrency: "unbounded" }
          )
        )
      )

      const waits = [0, 1500, 4000, 8500, 17_000]
      const expected = scripts.map(({ delay, outcomes }) => {
        const last = outcomes.findIndex((outcome) => outcome === "ok" || outcome.code === 3)
        return waits.slice(0, (last === -1 ? outcomes.length : last) + 1).map((wait) => delay + wait)
      })
      expect(calls.map(({ attempts }) => attempts)).toEqual(expected)
    })
  )

  it.effect("supports another service with a plain Effect.retry", () =>
    Effect.gen(function* () {
      const { call, attempts } = scripted<SqlError>([new Deadlock(), new Deadlock(), "ok"])
      const mapped = call.pipe(Effect.mapError(classifySql), Effect.retry(documented))
      expect(yield* withinAnHour(halfWay(mapped))).toBe("an answer")
      expect(attempts).toEqual([0, 1500, 4000])
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Nesting
// -------------------------------------------------------------------------------------------------

const three = Workload.make({
  name: "three",
  timeouts: { attempt: "10 seconds" },
  retry: Retry.make({ attempts: 3, base: "1 second", factor: 1, jitter: "none" })
})

type Call = Effect.Effect<string, ApiError.ApiError>

interface Nestable {
  readonly owns: boolean
  readonly around: (call: Call) => Call
}

const nestables = (workload: Workload.Workload): Readonly<Record<string, Nestable>> => ({
  protect: { owns: true, around: Reliability.protect(workload) },
  leaf: { owns: true, around: (call) => Reliability.leaf(workload, () => call) },
  classify: { owns: true, around: Reliability.protect(Reliability.make({ workload, classify: Classify.exception })) },
  "Retry.retry": { owns: true, around: Retry.retry(workload.retry) },
  "recurs(0)": { owns: false, around: Effect.retry(Schedule.recurs(0)) },
  timeout: { owns: false, around: Workload.timeout(workload) },
  deadline: { owns: false, around: Deadline.within("30 minutes") },
  workload: { owns: false, around: Workload.within(workload) }
})

/** Returns every nesting of this depth, innermost first, with repetition. */
const nestings = (depth: number, names: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> =>
  depth === 0 ? [[]] : nestings(depth - 1, names).flatMap((inner) => names.map((name) => [...inner, name]))

const nest = (names: ReadonlyArray<string>, call: Call, workload = three): Call => {
  const all = nestables(workload)
  return names.reduce((inner, name) => all[name]?.around(inner) ?? inner, call)
}

const unavailable = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })

describe("nesting three deep, in every order", () => {
  it.effect("does not multiply the attempts of owners of retries", () =>
    Effect.gen(function* () {
      // without waits, the hundreds of nestings need no clock
      const retry = Retry.make({ attempts: 3, base: 0, jitter: "none" })
      const all = nestables(three)
      const wrong: Array<string> = []
      for (const names of nestings(3, Object.keys(all))) {
        const { call, attempts } = scripted<ApiError.ApiError>(Array.from({ length: 99 }, () => unavailable))
        const yielding = Effect.zipRight(Effect.yieldNow(), call)
        const error = yield* Effect.flip(nest(names, yielding, Workload.with(three, { retry })))
        const owned = names.some((name) => all[name]?.owns === true)
        if (attempts.length !== (owned ? 3 : 1) || error.attempts !== (owned ? 3 : 0) || error.status !== 503) {
          wrong.push(`${names.join(" < ")}: ${attempts.length} attempts, ${error.reason} after ${error.attempts}`)
        }
      }
      expect(wrong).toEqual([])
      expect(nestings(3, Object.keys(all)).length).toBe(8 ** 3)
    })
  )

  it.effect("does not multiply the attempts of calls that hang every other time", () =>
    Effect.gen(function* () {
      const cases = nestings(3, ["protect", "Retry.retry", "timeout"]).map((names) => {
        let attempts = 0
        const hangs = Effect.suspend(() => (attempts++ % 2 === 0 ? unavailable : Effect.never))
        return { names, attempts: () => attempts, call: nest(names, hangs) }
      })
      yield* Effect.fork(
        Effect.all(
          cases.map(({ call }) => Effect.exit(call)),
          { concurrency: "unbounded" }
        )
      )
      yield* TestClock.adjust("1 hour")
      const made = Object.fromEntries(cases.map(({ names, attempts }) => [names.join(" < "), attempts()]))
      expect(Object.entries(made).filter(([, attempts]) => attempts > 3)).toEqual([])
      expect(made).toMatchObject({
        "timeout < timeout < timeout": 1,
        // an inner timeout limits each attempt
        "timeout < timeout < protect": 3,
        "timeout < Retry.retry < Retry.retry": 3,
        // an outer timeout ends the retries, which no owner restarts
        "Retry.retry < timeout < Retry.retry": 2,
        "Retry.retry < protect < protect": 2,
        "protect < protect < Retry.retry": 2
      })
    })
  )

  it.effect("passes on a settled error through a plain Effect.retry outside", () =>
    Effect.gen(function* () {
      for (const inner of ["protect", "leaf", "classify", "Retry.retry"]) {
        const { call, attempts } = scripted<ApiError.ApiError>(Array.from({ length: 99 }, () => unavailable))
        const error = yield* withinAnHour(
          nest([inner], call).pipe(Effect.retry(documented), Effect.retry(Retry.sdk), Effect.flip)
        )
        expect([inner, attempts.length, error.attempts]).toEqual([inner, 3, 3])
      }
    })
  )

  it.effect("uses the schedule of the innermost owner", () =>
    Effect.gen(function* () {
      const { call, attempts } = scripted<ApiError.ApiError>(Array.from({ length: 99 }, () => unavailable))
      const nested = call.pipe(
        Retry.retry(Retry.make({ attempts: 2, base: "5 seconds", jitter: "none" })),
        Reliability.protect(three),
        Retry.retry(documented)
      )
      expect((yield* withinAnHour(Effect.flip(nested))).attempts).toBe(2)
      expect(attempts).toEqual([0, 5000])
    })
  )
})

// -------------------------------------------------------------------------------------------------
// With the rest of Effect
// -------------------------------------------------------------------------------------------------

/** Fails so many times, a second apart with `three`, then succeeds with the time. */
const failing = (times: number) =>
  scripted<ApiError.ApiError>(Array.from({ length: times }, () => unavailable)).call.pipe(
    Effect.zipRight(Clock.currentTimeMillis),
    Reliability.protect(three)
  )

describe("a schedule with combinators", () => {
  it.effect("stops sooner with Schedule.intersect", () =>
    Effect.gen(function* () {
      const { call, attempts } = scripted<ApiError.ApiError>(Array.from({ length: 99 }, () => unavailable))
      const retry = documented.pipe(
        Schedule.intersect(Schedule.recurs(2)),
        Schedule.map(([step]) => step)
      )
      const error = yield* withinAnHour(
        call.pipe(Reliability.protect(Workload.with(shared, { retry })), halfWay, Effect.flip)
      )
      expect([attempts, error.attempts]).toEqual([[0, 1500, 4000], 3])
    })
  )

  it.effect("lengthens its waits with Schedule.addDelay, but not past the deadline", () =>
    Effect.gen(function* () {
      const { call, attempts } = scripted<ApiError.ApiError>(Array.from({ length: 99 }, () => unavailable))
      const retry = documented.pipe(Schedule.addDelay(() => "10 seconds"))
      const within = Workload.with(shared, { retry, deadline: "24 seconds" })
      const ended = call.pipe(Reliability.protect(within), Effect.flip, Effect.zip(Clock.currentTimeMillis))
      const [error, at] = yield* withinAnHour(halfWay(ended))
      // the second wait would end at 11.5 s + 12.5 s, which is the deadline
      expect([attempts, error.reason, at]).toEqual([[0, 11_500], "Unavailable", 11_500])
    })
  )
})

describe("Effect.all", () => {
  it.effect("retries each call by itself", () =>
    Effect.gen(function* () {
      const all = Effect.all([failing(0), failing(1), failing(2), failing(1)], { concurrency: "unbounded" })
      expect(yield* withinAnHour(all)).toEqual([0, 1000, 2000, 1000])
    })
  )

  it.effect("occupies a slot of bounded concurrency while a call waits", () =>
    Effect.gen(function* () {
      const all = Effect.all([failing(2), failing(1), failing(1), failing(0)], { concurrency: 2 })
      expect(yield* withinAnHour(all)).toEqual([2000, 1000, 2000, 2000])
    })
  )

  it.effect("interrupts the retries of the others when one call fails permanently", () =>
    Effect.gen(function* () {
      const patient = scripted<ApiError.ApiError>(Array.from({ length: 9 }, () => unavailable))
      const fatal = new ApiError.Fatal({ reason: "NotFound", delivery: "Acknowledged", status: 404 })
      const all = Effect.all([patient.call.pipe(Reliability.protect(shared)), Effect.delay(fatal, 2000)], {
        concurrency: "unbounded"
      })
      expect(yield* withinAnHour(halfWay(Effect.flip(all)))).toBe(fatal)
      expect(patient.attempts).toEqual([0, 1500])
    })
  )

  it.effect("passes on the first settled error of inner owners under one owner", () =>
    Effect.gen(function* () {
      const calls = [1, 2, 3].map(() => scripted<ApiError.ApiError>(Array.from({ length: 99 }, () => unavailable)))
      const all = Effect.all(
        calls.map(({ call }) => Reliability.protect(call, three)),
        { concurrency: "unbounded" }
      )
      const error = yield* withinAnHour(Effect.flip(Reliability.protect(all, three)))
      expect(error.attempts).toBe(3)
      for (const { attempts } of calls) expect(attempts.length).toBeLessThanOrEqual(3)
    })
  )
})

describe("Effect.race", () => {
  it.effect("interrupts the retries of the loser", () =>
    Effect.gen(function* () {
      const loser = scripted<ApiError.ApiError>(Array.from({ length: 9 }, () => unavailable))
      const fast = Effect.delay(Effect.succeed("fast"), 5000)
      const race = Effect.race(loser.call.pipe(Reliability.protect(shared)), fast)
      expect(yield* withinAnHour(halfWay(race))).toBe("fast")
      expect(loser.attempts).toEqual([0, 1500, 4000])
    })
  )

  it.effect("returns the first success, retries included", () =>
    Effect.gen(function* () {
      expect(yield* withinAnHour(Effect.race(failing(1), failing(2)))).toBe(1000)
      expect(yield* withinAnHour(Effect.raceAll([failing(3), failing(2), failing(3)]))).toBe(3_600_000 + 2000)
    })
  )

  it.effect("allows a fallback to a second service when the retries of the first end", () =>
    Effect.gen(function* () {
      const first = scripted<ChatError>(Array.from({ length: 9 }, () => http(503)))
      const second = scripted<GrpcError>([{ code: 14 }, "ok"])
      const call = first.call.pipe(
        Reliability.protect(chat),
        Effect.orElse(() => second.call.pipe(Reliability.protect(search)))
      )
      expect(yield* withinAnHour(halfWay(call))).toBe("an answer")
      expect([first.attempts, second.attempts]).toEqual([
        [0, 1500, 4000, 8500, 17_000],
        [17_000, 18_500]
      ])
    })
  )
})

describe("Effect.repeat", () => {
  it.effect("restarts the attempts for each repetition", () =>
    Effect.gen(function* () {
      const outcomes = [unavailable, unavailable, "ok", unavailable, unavailable, "ok", unavailable, "ok"] as const
      const { call, attempts } = scripted<ApiError.ApiError>(outcomes)
      yield* withinAnHour(call.pipe(Reliability.protect(three), Effect.repeat(Schedule.recurs(2))))
      expect(attempts).toEqual([0, 1000, 2000, 2000, 3000, 4000, 4000, 5000])
    })
  )
})

describe("Stream", () => {
  it.effect("retries each element of mapEffect by itself, in order", () =>
    Effect.gen(function* () {
      const times = Stream.make(1, 0, 2).pipe(Stream.mapEffect(failing), Stream.runCollect)
      expect(Chunk.toArray(yield* withinAnHour(times))).toEqual([1000, 1000, 3000])
    })
  )

  it.effect("retries several elements of mapEffect concurrently", () =>
    Effect.gen(function* () {
      const times = Stream.make(1, 0, 2).pipe(Stream.mapEffect(failing, { concurrency: 3 }), Stream.runCollect)
      expect(Chunk.toArray(yield* withinAnHour(times))).toEqual([1000, 0, 2000])
    })
  )

  it.effect("accepts the same schedule in Stream.retry", () =>
    Effect.gen(function* () {
      const { call, attempts } = scripted<ApiError.ApiError>([unavailable, unavailable, "ok"])
      const stream = Stream.fromEffect(call).pipe(Stream.retry(documented), Stream.runCollect)
      expect(Chunk.toArray(yield* withinAnHour(halfWay(stream)))).toEqual(["an answer"])
      expect(attempts).toEqual([0, 1500, 4000])
    })
  )

  it.effect("limits the retries of its elements by a deadline around it", () =>
    Effect.gen(function* () {
      const left: Array<Option.Option<Duration.Duration>> = []
      const element = Deadline.remaining.pipe(
        Effect.tap((remaining) => left.push(remaining)),
        Effect.zipRight(Effect.fail(unavailable)),
        Reliability.protect(shared),
        Effect.flip
      )
      const stream = Stream.make(1, 2).pipe(
        Stream.mapEffect(() => element, { concurrency: 2 }),
        Stream.runCollect,
        Deadline.within("3 seconds")
      )
      // the second wait, of 2.5 s, would end after it
      const errors = Chunk.toArray(yield* withinAnHour(halfWay(stream)))
      expect(errors.map(({ attempts, reason }) => [reason, attempts])).toEqual([
        ["Unavailable", 2],
        ["Unavailable", 2]
      ])
      expect(left).toEqual([3000, 3000, 1500, 1500].map((millis) => Option.some(Duration.millis(millis))))
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Layers
// -------------------------------------------------------------------------------------------------

class Backend extends Context.Tag("Backend")<Backend, { readonly send: Effect.Effect<string, ChatError> }>() {}

class Notes extends Context.Tag("Notes")<Notes, { readonly add: (line: string) => Effect.Effect<void> }>() {}

class Chat extends Effect.Service<Chat>()("composition/Chat", {
  effect: Effect.gen(function* () {
    const { send } = yield* Backend
    const policy = Reliability.make({
      workload: three,
      budget: yield* RetryBudget.RetryBudget,
      classify: classifyChat,
      onGiveUp: ({ error, why }) => Effect.flatMap(Notes, (notes) => notes.add(`${error.reason}: ${why}`))
    })
    return { ask: Reliability.protect(send, policy) }
  })
}) {}

class Translator extends Effect.Service<Translator>()("composition/Translator", {
  effect: Effect.gen(function* () {
    const { ask } = yield* Chat
    return { translate: ask.pipe(Reliability.protect(shared)) }
  })
}) {}

describe("services and layers", () => {
  it.effect("shares policies, budgets and observers between services", () =>
    Effect.gen(function* () {
      const backend = scripted<ChatError>(Array.from({ length: 99 }, () => http(503)))
      const lines: Array<string> = []
      const notes = Layer.succeed(Notes, { add: (line) => Effect.sync(() => void lines.push(line)) })
      const chat = Chat.Default.pipe(
        Layer.provide(Layer.succeed(Backend, { send: backend.call })),
        Layer.provideMerge(RetryBudget.layer({ ratio: 0, minPerSecond: 0, max: 3 }))
      )
      const live = Translator.Default.pipe(Layer.provideMerge(chat), Layer.merge(notes))

      const program = Effect.gen(function* () {
        const { ask } = yield* Chat
        const { translate } = yield* Translator
        const budget = yield* RetryBudget.RetryBudget
        const direct = yield* Effect.flip(ask)
        const through = yield* Effect.flip(translate)
        const [available, suppressed] = yield* Effect.all([budget.available, budget.suppressed])
        return { attempts: [direct.attempts, through.attempts], available, suppressed }
      })
      // two retries for the first call, and the one that is left for the second
      expect(yield* withinAnHour(Effect.provide(program, live))).toEqual({
        attempts: [3, 2],
        available: 0,
        suppressed: 1
      })
      expect(backend.attempts).toEqual([0, 1000, 2000, 2000, 3000])
      expect(lines).toEqual(["Unavailable: Attempts", "Unavailable: Budget"])
    })
  )

  it.effect("retries a layer that cannot be built yet", () =>
    Effect.gen(function* () {
      const { call, attempts } = scripted<ApiError.ApiError>([unavailable, "ok"])
      const layer = Layer.effect(Backend, Effect.as(call, { send: Effect.succeed("sent") })).pipe(
        Layer.retry(documented)
      )
      const sent = Effect.flatMap(Backend, ({ send }) => send)
      expect(yield* withinAnHour(halfWay(Effect.provide(sent, layer)))).toBe("sent")
      expect(attempts).toEqual([0, 1500])
    })
  )
})

// -------------------------------------------------------------------------------------------------
// Clients
// -------------------------------------------------------------------------------------------------

const models = "https://api.example.com/v1/models"
const prompt = Workload.with(Workload.interactive, { retry: Retry.make({ base: Duration.zero }) })
const down = () => ScriptedClient.make(Fault.answer(503))
const over = (client: HttpClient.HttpClient) => Layer.provide(Layer.succeed(HttpClient.HttpClient, client))

/** A budget that earns nothing and has one retry left. */
const oneRetry = RetryBudget.layer({ ratio: 0, minPerSecond: 0, max: 1 })

describe("a reliable client made in a pipeline", () => {
  it.effect("accepts the client as last argument", () =>
    Effect.gen(function* () {
      const server = yield* down()
      const once = Workload.with(prompt, { deadline: "1 minute", retry: Retry.make({ attempts: 2, base: 0 }) })
      const client = server.pipe(ReliableHttpClient.make({ workload: once }))
      const error = yield* Effect.flip(client.get(models))
      expect(error.attempts).toBe(2)
      expect(yield* server.requests).toHaveLength(2)
    })
  )

  it.effect("needs no options", () =>
    Effect.gen(function* () {
      const server = yield* ScriptedClient.make(Fault.healthy)
      expect((yield* server.pipe(ReliableHttpClient.make()).get(models)).status).toBe(200)
      expect((yield* ReliableHttpClient.make(server).get(models)).status).toBe(200)
    })
  )
})

describe("ReliableHttpClient.layer", () => {
  it.effect("uses the retry budget of its context", () =>
    Effect.gen(function* () {
      const server = yield* down()
      const Live = ReliableHttpClient.layer({ workload: prompt }).pipe(over(server), Layer.provide(oneRetry))
      const call = Effect.flatMap(ReliableHttpClient.ReliableHttpClient, (client) => client.get(models))
      const error = yield* Effect.flip(Effect.provide(call, Live))
      expect([error.attempts, error.stopped]).toEqual([2, "Budget"])
    })
  )

  it.effect("prefers the budget of its options", () =>
    Effect.gen(function* () {
      const server = yield* down()
      const budget = yield* RetryBudget.make({ ratio: 0, minPerSecond: 0, max: 2 })
      const Live = ReliableHttpClient.layer({ workload: prompt, budget }).pipe(over(server), Layer.provide(oneRetry))
      const call = Effect.flatMap(ReliableHttpClient.ReliableHttpClient, (client) => client.get(models))
      const error = yield* Effect.flip(Effect.provide(call, Live))
      expect([error.attempts, error.stopped]).toEqual([3, "Budget"])
    })
  )

  it.effect("shares one budget between a reliable client and Fireworks", () =>
    Effect.gen(function* () {
      const server = yield* down()
      const Live = Layer.merge(
        ReliableHttpClient.layer({ workload: prompt }),
        Fireworks.layer({ workload: prompt, apiKey: Redacted.make("fw_key") })
      ).pipe(over(server), Layer.provide(oneRetry))
      const calls = Effect.gen(function* () {
        const client = yield* ReliableHttpClient.ReliableHttpClient
        const fireworks = yield* Fireworks.Fireworks
        const first = yield* Effect.flip(fireworks.models())
        return [first, yield* Effect.flip(client.get(models))]
      })
      const errors = yield* Effect.provide(calls, Live)
      expect(errors.map(({ attempts, stopped }) => [attempts, stopped])).toEqual([
        [2, "Budget"],
        [1, "Budget"]
      ])
    })
  )

  it.effect("uses no budget if its context contains none", () =>
    Effect.gen(function* () {
      const server = yield* down()
      const call = Effect.flatMap(ReliableHttpClient.ReliableHttpClient, (client) => client.get(models))
      const Live = ReliableHttpClient.layer({ workload: prompt }).pipe(over(server))
      expect((yield* Effect.flip(Effect.provide(call, Live))).stopped).not.toBe("Budget")
    })
  )
})
