/** Requests that are sent more than once. Nothing around a call allows more repetition than the request itself. */
import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Effect, Fiber, Schedule, TestClock } from "effect"
import { ApiError, Reliability, ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { Fault, FaultServer } from "effect-reliability/testing"
import { expect } from "vitest"

type Idempotency = Reliability.Idempotency
type Around = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | ApiError.Transient, R>

const retry = Retry.make({ attempts: 2, base: "1 second", jitter: "none" })
const twice = Workload.with(Workload.interactive, { retry })

const url = "https://api.example.com/v1/payments"

/** A server that executes each request and responds with 500, or a port on which nothing listens. */
const servers = {
  executed: (request: HttpClientRequest.HttpClientRequest) =>
    Effect.succeed(HttpClientResponse.fromWeb(request, new Response("{}", { status: 500 }))),
  refused: (request: HttpClientRequest.HttpClientRequest) =>
    Effect.fail(
      new HttpClientError.RequestError({
        request,
        reason: "Transport",
        cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED", syscall: "connect" })
      })
    )
}

/** The number of requests of one call. */
const sent = <E>(
  server: keyof typeof servers,
  call: (client: HttpClient.HttpClient) => Effect.Effect<unknown, E>
): Effect.Effect<number> =>
  Effect.gen(function* () {
    let requests = 0
    const client = HttpClient.make((request) =>
      Effect.suspend((): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.RequestError> => {
        requests++
        return servers[server](request)
      })
    )
    yield* Effect.exit(call(client))
    return requests
  })

/** Runs an effect through all its waits. */
const ended = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

const nothing: Around = (effect) => effect

const workloadsAround: Readonly<Record<string, Around>> = {
  nothing,
  "Workload.within": Workload.within(twice),
  "Workload.within, a schedule that asks nothing": Workload.within(
    Workload.with(twice, {
      retry: Schedule.map(Schedule.recurs(1), (n) => ({ attempt: n + 1, delay: "1 second", why: "Backoff" }) as never)
    })
  )
}

const policiesAround: Readonly<Record<string, Around>> = {
  nothing,
  ...Object.fromEntries(
    ([undefined, "never"] as const).map((idempotency) => [
      `Reliability.protect, ${idempotency ?? "by default"}`,
      Reliability.protect(Reliability.make({ workload: twice, idempotency }))
    ])
  )
}

const declared = {
  nothing: undefined,
  safe: "safe",
  keyed: "keyed",
  never: "never",
  "an Idempotency-Key": "key"
} as const

const options: Readonly<Record<string, ReliableHttpClient.Options["idempotency"]>> = {
  unset: undefined,
  safe: "safe",
  keyed: "keyed",
  never: "never",
  "a function, safe": () => "safe",
  "a function, never": () => "never"
}

const idempotent = new Set(["GET", "PUT"])

/** A second implementation of the rule: the request, then the option, then the method. */
const expected = (method: string, own: (typeof declared)[keyof typeof declared], option: string): Idempotency => {
  if (own !== undefined && own !== "key") return own
  if (option.startsWith("a function")) return option.endsWith("safe") ? "safe" : "never"
  if (own === "key") return "keyed"
  const value = options[option]
  if (typeof value === "string") return value
  return idempotent.has(method) ? "safe" : "never"
}

describe("the number of requests of a call", () => {
  for (const [option, idempotency] of Object.entries(options)) {
    for (const method of ["GET", "PUT", "POST", "PATCH"] as const) {
      it.effect(`depends on the request alone: option ${option}, ${method}`, () =>
        Effect.gen(function* () {
          const kases = Object.entries(declared).flatMap(([word, own]) =>
            Object.entries(workloadsAround).flatMap(([workload, within]) =>
              Object.entries(policiesAround).map(([policy, protect]) => {
                const call = (http: HttpClient.HttpClient) => {
                  const client = ReliableHttpClient.make(http, { workload: twice, idempotency })
                  const plain = HttpClientRequest.make(method)(url)
                  const request = own === "key" ? HttpClientRequest.setHeader(plain, "Idempotency-Key", "k") : plain
                  const executed = client.execute(request)
                  const stated =
                    own === undefined || own === "key" ? executed : ReliableHttpClient.withIdempotency(executed, own)
                  return protect(within(stated))
                }
                const executed = expected(method, own, option) === "never" ? 1 : 2
                return { kase: { word, workload, policy }, call, expected: { executed, refused: 2 } }
              })
            )
          )
          const counted = yield* ended(
            Effect.forEach(
              kases,
              ({ call, kase }) =>
                Effect.map(
                  Effect.all({ executed: sent("executed", call), refused: sent("refused", call) }),
                  (counts) => ({ ...kase, ...counts })
                ),
              { concurrency: "unbounded" }
            )
          )
          expect(counted).toEqual(kases.map(({ expected, kase }) => ({ ...kase, ...expected })))
        })
      )
    }
  }
})

describe("a payment", () => {
  const brief = Retry.make({ attempts: 4, base: "1 millis" })
  const payment = HttpClientRequest.post("/payments").pipe(HttpClientRequest.bodyUnsafeJson({ amount: 1 }))

  const around: Readonly<Record<string, Around>> = {
    "within Workload.interactive": Workload.within(Workload.with(Workload.interactive, { retry: brief })),
    "within Reliability.protect(Workload.agentic)": Reliability.protect(
      Workload.with(Workload.agentic, { retry: brief })
    ),
    "within both": (effect) =>
      Reliability.protect(
        Workload.within(effect, Workload.with(Workload.interactive, { retry: brief })),
        Workload.with(Workload.agentic, { retry: brief })
      )
  }

  for (const [name, within] of Object.entries(around)) {
    it.scopedLive(`sends one request over sockets, ${name}`, () =>
      Effect.gen(function* () {
        for (const fault of [Fault.answer(500), Fault.reset, Fault.close]) {
          const server = yield* FaultServer.make({ script: [fault, Fault.healthy] })
          const transport = yield* Transport.make({ proxy: "none" })
          const client = ReliableHttpClient.make(transport).pipe(
            HttpClient.mapRequest(HttpClientRequest.prependUrl(server.origin))
          )
          const error = yield* Effect.flip(within(client.execute(payment)))
          expect(error).toMatchObject({ attempts: 1 })
          expect((yield* server.counts).requests).toBe(1)
        }
      })
    )
  }

  it.effect("sends one request within the built-in workloads, unless the connection is refused", () =>
    Effect.gen(function* () {
      const pay = (http: HttpClient.HttpClient) => ReliableHttpClient.make(http).post(url)
      const within = (http: HttpClient.HttpClient) => Workload.within(pay(http), Workload.interactive)
      expect(yield* ended(sent("executed", within))).toBe(1)
      expect(yield* ended(sent("executed", (http) => Reliability.protect(pay(http), Workload.agentic)))).toBe(1)
      expect(yield* ended(sent("refused", within))).toBe(5)
    })
  )

  it.effect("reports Idempotency as the reason to stop", () =>
    Effect.gen(function* () {
      const stops: Array<Retry.Stopping> = []
      const onGiveUp = ({ why }: Reliability.GivenUp) => Effect.sync(() => stops.push(why))
      yield* ended(sent("executed", (http) => ReliableHttpClient.make(http, { onGiveUp }).post(url)))
      expect(stops).toEqual(["Idempotency"])
    })
  )
})

describe("ReliableHttpClient.withIdempotency", () => {
  it.effect("does not apply to a request that is sent to prepare another", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const http = HttpClient.make((request) =>
        Effect.sync(() => {
          seen.push(request.url)
          return HttpClientResponse.fromWeb(request, new Response("{}", { status: 500 }))
        })
      )
      const token = Effect.ignore(ReliableHttpClient.make(http, { workload: twice }).post("https://a.test/token"))
      const authorized = HttpClient.mapRequestEffect(http, (request) => Effect.as(token, request))
      const call = ReliableHttpClient.make(authorized, { workload: twice })
        .post(url)
        .pipe(ReliableHttpClient.withIdempotency("safe"), Effect.exit)
      const fiber = yield* Effect.fork(call)
      yield* TestClock.adjust("1 hour")
      yield* Fiber.join(fiber)
      expect(seen).toEqual(["https://a.test/token", url, "https://a.test/token", url])
    })
  )

  it("rejects an unknown idempotency", () => {
    expect(() => ReliableHttpClient.withIdempotency(Effect.void, "maybe" as "safe")).toThrow(
      'ReliableHttpClient.withIdempotency: idempotency is "maybe"; it must be one of safe, keyed, never'
    )
    expect(() => Reliability.make({ workload: twice, idempotency: "maybe" as "safe" })).toThrow(
      'Reliability.make: idempotency is "maybe"; it must be one of safe, keyed, never'
    )
  })
})

describe("the idempotency of a policy", () => {
  const failing = (seen: { attempts: number }) =>
    Effect.suspend(() => {
      seen.attempts++
      return Effect.fail(new ApiError.Transient({ reason: "ServerError", delivery: "Acknowledged", status: 500 }))
    })

  const attempts = (around: Around) =>
    Effect.gen(function* () {
      const seen = { attempts: 0 }
      const fiber = yield* Effect.fork(Effect.exit(around(failing(seen))))
      yield* TestClock.adjust("1 hour")
      yield* Fiber.join(fiber)
      return seen.attempts
    })

  const policy = (idempotency?: Idempotency, workload = twice) => Reliability.make({ workload, idempotency })

  it.effect("allows repetition by default, as Effect.retry does, and forbids it if never", () =>
    Effect.gen(function* () {
      expect(yield* attempts(Reliability.protect(twice))).toBe(2)
      expect(yield* attempts(Reliability.protect(policy()))).toBe(2)
      expect(yield* attempts(Reliability.protect(policy("keyed")))).toBe(2)
      expect(yield* attempts(Reliability.protect(policy("never")))).toBe(1)
      expect(yield* attempts((effect) => Reliability.leaf(policy("never"), () => effect))).toBe(1)
    })
  )

  it.effect("limits the retries of its own owner, not of an owner inside", () =>
    Effect.gen(function* () {
      const again = Workload.with(twice, { retry: Retry.make({ attempts: 2, settled: "retry" }) })
      const inner = Reliability.protect(policy("safe"))
      expect(yield* attempts((effect) => Reliability.protect(inner(effect), policy("never", again)))).toBe(2)
      expect(yield* attempts((effect) => Reliability.protect(inner(effect), policy("safe", again)))).toBe(4)
    })
  )
})
