/** Runs situations, and compares the outcomes with the expected ones. */
import { type HttpClient, HttpClientRequest } from "@effect/platform"
import { Duration, Effect, Fiber, Stream, TestClock, TestContext } from "effect"
import { type ApiError, Dialect, ReliableHttpClient, Retry, Workload } from "effect-reliability"
import * as EventStream from "effect-reliability/stream"
import { FaultServer, ScriptedClient } from "effect-reliability/testing"
import { closedPort, deafPort } from "../support/faults.js"
import { idempotencyUnder, type Outcome, type Situation, type Time } from "./situations.js"
import type { Over } from "./transports.js"

export interface Observed extends Outcome {
  readonly attempts: number | undefined
  /** The times between the arrivals of requests, in the time scale of the situation. */
  readonly waits: ReadonlyArray<number>
}

const exact: Time = Duration.decode

// the attempt timeout on sockets, in milliseconds
const attempt = 1500

/** The factor by which the times of a situation are scaled on sockets. */
const scaleOf = (situation: Situation): number => attempt / Duration.toMillis(situation.workload.timeouts.attempt)

const scaledBy =
  (scale: number): Time =>
  (duration) =>
    Duration.isFinite(Duration.decode(duration)) ? Duration.times(duration, scale) : Duration.infinity

/** A workload in another time scale. Connecting is not scaled: a busy machine needs its time. */
const scaled = (workload: Workload.Workload, time: Time): Workload.Workload =>
  Workload.make({
    name: workload.name,
    timeouts: { attempt: time(workload.timeouts.attempt), pool: 400, connect: 400, write: 400 },
    stream: { first: time(workload.stream.first), idle: time(workload.stream.idle) },
    deadline: time(workload.deadline),
    retry: Retry.make({ base: time("1 second"), cap: time("1 minute"), maxHint: time("2 minutes") }),
    patience: workload.patience && {
      ...workload.patience,
      base: time(workload.patience.base),
      cap: time(workload.patience.cap)
    }
  })

const chat = { model: "m", messages: [{ role: "user", content: "hello there" }] }

const requestOf = (situation: Situation, origin: string): HttpClientRequest.HttpClientRequest => {
  if (situation.method === "GET") return HttpClientRequest.get(`${origin}/v1/models`)
  const request = HttpClientRequest.post(`${origin}/v1/chat/completions`)
  return situation.body === undefined
    ? HttpClientRequest.bodyUnsafeJson(request, chat)
    : HttpClientRequest.bodyStream(request, situation.body(), { contentType: "application/json" })
}

interface Seen {
  readonly arrivals: Effect.Effect<ReadonlyArray<{ readonly at: number }>>
}

const call = (
  situation: Situation,
  client: HttpClient.HttpClient,
  workload: Workload.Workload,
  origin: string,
  { arrivals }: Seen
): Effect.Effect<Observed> =>
  Effect.gen(function* () {
    const idempotency = situation.idempotency ?? idempotencyUnder(situation.workload)
    const reliable = ReliableHttpClient.make(client, {
      workload,
      idempotency,
      dialect: Dialect.fireworks,
      target: situation.target
    })
    const request = requestOf(situation, origin)
    const before = situation.before ?? 0
    for (let n = 0; n < before; n++) {
      yield* Effect.orDie(reliable.execute(requestOf({ ...situation, method: "GET" }, origin)))
      // time for the client to notice what the server does after its response
      yield* Effect.sleep(20)
    }
    let events = situation.stream === undefined ? undefined : 0
    const received =
      situation.stream === undefined
        ? Effect.asVoid(reliable.execute(request))
        : Stream.runForEach(
            EventStream.open(request, { client: reliable, workload, idempotency, dialect: Dialect.fireworks }),
            () => Effect.sync(() => void (events = (events ?? 0) + 1))
          )
    const result = yield* Effect.either(received)
    const seen = (yield* arrivals).slice(before)
    return {
      ...(result._tag === "Right" ? { outcome: "success" as const } : described(result.left)),
      attempts: result._tag === "Right" ? undefined : result.left.attempts,
      arrived: seen.length,
      events,
      waits: seen.slice(1).map(({ at }, index) => at - (seen[index]?.at ?? 0))
    }
  })

const described = ({ delivery, phase, reason, stopped }: ApiError.ApiError) => ({
  outcome: reason,
  delivery,
  phase,
  stopped
})

/** Runs a situation in memory, under `TestClock`. */
export const inMemory = (situation: Situation): Effect.Effect<Observed> =>
  Effect.gen(function* () {
    const { connections, script } = situation
    const client = yield* ScriptedClient.make(script(exact), { connections })
    const fiber = yield* Effect.fork(
      call(situation, client, situation.workload, "http://127.0.0.1", { arrivals: client.requests })
    )
    yield* TestClock.adjust("2 hours")
    return yield* Fiber.join(fiber)
  }).pipe(Effect.provide(TestContext.TestContext))

/** Runs a situation on a socket, in real time that is scaled down. */
export const onSocket = (situation: Situation, client: HttpClient.HttpClient): Effect.Effect<Observed> =>
  Effect.gen(function* () {
    const scale = scaleOf(situation)
    const time = scaledBy(scale)
    const workload = scaled(situation.workload, time)
    const { connections, port, script, tls } = situation
    const server = yield* FaultServer.make({ script: script(time), connections, tls })
    const origin =
      port === undefined ? server.origin : `http://127.0.0.1:${yield* port === "closed" ? closedPort : deafPort}`
    return yield* call(situation, client, workload, origin, { arrivals: server.requests })
  }).pipe(Effect.scoped)

/** Returns the differences from the expected outcome. */
export const differences = (situation: Situation, over: Over, observed: Observed): ReadonlyArray<string> => {
  const { because: _, ...special } = situation.over?.[over.name] ?? { because: "" }
  const expected = { ...situation.expected, ...(over.certainty === "inferred" && situation.inferred), ...special }
  const scale = over.name === "memory" ? 1 : scaleOf(situation)
  const fields = (["outcome", "delivery", "phase", "stopped", "arrived", "events"] as const).flatMap((field) =>
    !(field in expected) || expected[field] === observed[field]
      ? []
      : [`${field}: ${String(observed[field])}, not ${String(expected[field])}`]
  )
  // arrivals are measured in whole milliseconds
  const waits = (situation.waits ?? []).flatMap((least, index) => {
    const measured = observed.waits[index] ?? 0
    const millis = Duration.toMillis(least) * (isUnscaled(situation) ? 1 : scale)
    return measured >= millis - 2 ? [] : [`wait ${index + 1}: ${measured} ms, not ${millis}`]
  })
  return [...fields, ...waits]
}

/** Whether the hint is in seconds or a date, which cannot be scaled. */
const isUnscaled = ({ title }: Situation): boolean => /in seconds|the date of/.test(title)
