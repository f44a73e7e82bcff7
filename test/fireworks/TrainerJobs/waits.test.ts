import { FetchHttpClient } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import {
  Cause,
  Chunk,
  Duration,
  Effect,
  Either,
  FastCheck as fc,
  Fiber,
  Layer,
  Redacted,
  Schema,
  TestClock
} from "effect"
import { Telemetry } from "effect-reliability"
import { Fireworks, TrainerJobs } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { Fault, FireworksServer } from "effect-reliability/testing"
import { spawn } from "node:child_process"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { expect } from "vitest"
import { controlOf } from "../../../src/fireworks/internal/control.js"
import * as trainer from "../../../src/fireworks/internal/jobs/trainerStates.js"
import { linesOf } from "../../support/logLines.js"
import { root } from "../../support/project.js"
import {
  account,
  against,
  base,
  failureOf,
  json,
  key,
  lives,
  logged,
  make,
  minutes,
  preempted,
  reached,
  requestsOf,
  scripted,
  serving,
  within
} from "../../support/trainers.js"

const healthz = `/training/v1/rlorTrainerJobs/${account}/j/api/v1/healthz`

// -------------------------------------------------------------------------------------------------
// awaitReady
// -------------------------------------------------------------------------------------------------

describe("awaitReady", () => {
  it.effect("waits until the trainer responds, and returns its URL", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        yield* make
        const outcome = reached(yield* within(TrainerJobs.awaitReady("j"), "9 minutes"))
        expect(outcome).toMatchObject({
          baseUrl: `https://api.fireworks.ai/training/v1/rlorTrainerJobs/${account}/j`,
          resumed: 0,
          optimizer: { _tag: "Untouched" },
          atRisk: undefined
        })
        const probe = (yield* server.requests).find(({ path }) => path === healthz)
        expect(probe?.headers).toMatchObject({ authorization: `Bearer ${key}`, "x-api-key": key })
      })
    )
  )

  it.effect("uses the direct route if the gateway does not respond", () =>
    against({ timeline: [{ state: "RUNNING" }], health: "direct", healthyAfter: 0 }, () =>
      Effect.gen(function* () {
        yield* make
        const { baseUrl } = reached(yield* TrainerJobs.awaitReady("j"))
        expect(baseUrl).toBe(`https://api.fireworks.ai/direct/${account}/j`)
      })
    )
  )

  it.effect("sends the key to no other host", () => {
    const handles = [
      "http://trainer.fireworks.ai",
      "https://fireworks.ai.evil.example",
      "https://evilfireworks.ai",
      "https://user:pass@trainer.fireworks.ai",
      "https://evil.example/fireworks.ai",
      "trainer.fireworks.ai",
      "https://trainer.fireworks.ai:8443/t/"
    ]
    return scripted([], (client) =>
      Effect.gen(function* () {
        for (const directRouteHandle of handles) {
          yield* client.script((request) =>
            request.path === `${base}/j`
              ? json({ name: "n/j", state: "JOB_STATE_RUNNING", directRouteHandle })
              : Fault.answer(request.path.includes("/direct/") || request.path.startsWith("/t/") ? 200 : 503)
          )
          const wait = TrainerJobs.awaitReady("j", { ready: "10 seconds" })
          const outcome = yield* within(Effect.either(wait), "1 minute")
          expect([directRouteHandle, Either.isRight(outcome) && reached(outcome.right).baseUrl]).toEqual([
            directRouteHandle,
            directRouteHandle.endsWith("/t/") && "https://trainer.fireworks.ai:8443/t"
          ])
        }
        const hosts = new Set((yield* client.requests).map(({ headers }) => headers["host"] ?? ""))
        expect([...hosts].toSorted()).toEqual(["api.fireworks.ai", "trainer.fireworks.ai:8443"])
      })
    )
  })

  it.live.each([
    [302, "fetch"],
    [307, "fetch"],
    [302, "Transport"],
    [307, "Transport"]
  ] as const)(
    "rejects a %d redirect to another host over %s, and sends the key to no other host",
    ([status, client]) => {
      const listening = (listener: RequestListener) =>
        Effect.acquireRelease(
          Effect.async<AddressInfo & { close: () => void }>((resume) => {
            const server = createServer(listener)
            server.listen(0, "127.0.0.1", () => {
              const close = () => void (server.closeAllConnections(), server.close())
              resume(Effect.succeed({ ...(server.address() as AddressInfo), close }))
            })
          }),
          ({ close }) => Effect.sync(close)
        )
      return Effect.scoped(
        Effect.gen(function* () {
          const strayed: Array<string | undefined> = []
          const other = yield* listening((request, response) => {
            strayed.push(request.url)
            response.end("{}")
          })
          const ours = yield* listening((request, response) => {
            if (request.url === `${base}/j`) {
              response.setHeader("content-type", "application/json")
              response.end(JSON.stringify({ name: "n/j", state: "JOB_STATE_RUNNING" }))
            } else {
              response.writeHead(status, { location: `http://localhost:${other.port}/login` }).end()
            }
          })
          const http = client === "fetch" ? FetchHttpClient.layer : Transport.layer()
          const options = { apiKey: Redacted.make(key), accountId: account, baseUrl: `http://127.0.0.1:${ours.port}` }
          const Live = Fireworks.layer(options).pipe(Layer.provide(http))
          const asked = Effect.gen(function* () {
            const control = controlOf(yield* Fireworks.Fireworks)
            const healthy = yield* control.probe(`${control.baseUrl}/healthz`)
            return [healthy, (yield* failureOf(TrainerJobs.resume("j")))._tag]
          })
          expect(yield* Effect.provide(asked, Live)).toEqual([false, "Fatal"])
          expect(strayed).toEqual([])
        })
      )
    }
  )

  it.effect("aborts a probe after five seconds, and accepts only status 200", () =>
    scripted(
      (() => {
        let probes = 0
        return (request) => {
          if (request.path === `${base}/j`) return json({ name: "n/j", state: "JOB_STATE_RUNNING" })
          probes++
          return probes === 1 ? Fault.unanswered : Fault.answer(probes === 2 ? 204 : 200)
        }
      })(),
      (client) =>
        Effect.gen(function* () {
          yield* within(TrainerJobs.awaitReady("j", { jitter: 0, factor: 1 }), "15 seconds")
          expect((yield* client.requests).map(({ path }) => (path === healthz ? "probe" : "look"))).toEqual([
            "look",
            "probe",
            "look",
            "probe",
            "look",
            "probe"
          ])
        })
    )
  )

  it.effect("returns each final state, and does not resume the job", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        yield* make
        const ends = [
          ["FAILED", "Failed"],
          ["COMPLETED", "Completed"],
          ["CANCELLED", "Cancelled"],
          ["PAUSED", "Paused"],
          ["EXPIRED", "Expired"],
          ["EARLY_STOPPED", "EarlyStopped"]
        ] as const
        for (const [state, tag] of ends) {
          yield* server.setJob("j", [{ state, message: "so it is" }])
          const outcome = yield* TrainerJobs.awaitReady("j")
          expect(outcome._tag).toBe(tag)
          if (outcome._tag === "Failed") expect([outcome.code, outcome.message]).toEqual(["INTERNAL", "so it is"])
        }
        for (const state of ["DELETING", "DELETING_CLEANING_UP", "DELETED", "ARCHIVED"] as const) {
          yield* server.setJob("j", state)
          expect((yield* failureOf(TrainerJobs.reconnectAndWait("j"))).detail).toBe("the job was deleted")
        }
        expect((yield* requestsOf(server)).filter((line) => line.endsWith(":resume"))).toEqual([])
      })
    )
  )

  it.effect("fails at the time limit of the current phase, and names its option", () =>
    against({ healthyAfter: Duration.infinity }, (server) =>
      Effect.gen(function* () {
        const seldom = { pollInterval: "50 minutes", cap: "2 hours" } as const
        const limits = [
          ["PENDING", "pending", "queued for 3h"],
          ["RE_QUEUEING", "pending", "queued for 3h"],
          ["CREATING", "ready", "active for 3h"],
          ["RUNNING", "ready", "active for 3h"],
          // the job works or is idle; `resumable` must not apply to these states
          ["VALIDATING", "ready", "active for 3h"],
          ["WRITING_RESULTS", "ready", "active for 3h"],
          ["IDLE", "ready", "active for 3h"],
          ["CANCELLING", "resumable", "changing for 3h"]
        ] as const
        const short = { pending: "1 minute", ready: "1 minute", resumable: "1 minute" } as const
        yield* make
        for (const [state, option, detail] of limits) {
          yield* server.setJob("j", state)
          const wait = TrainerJobs.awaitReady("j", { ...short, [option]: "3 hours", ...seldom })
          const error = yield* within(failureOf(wait), "3 hours")
          expect([error.reason, error.phase, error.detail]).toEqual(["Timeout", "deadline", `the job was ${detail}`])
          expect(error.advice).toContain(`raise the option ${option}.`)
        }
      })
    )
  )

  it.effect("applies the reference's time limits by default", () =>
    against({ healthyAfter: Duration.infinity }, (server) =>
      Effect.gen(function* () {
        yield* make
        const seldom = { factor: 10, cap: "12 hours" } as const
        const ends = [
          ["RUNNING", TrainerJobs.awaitReady("j", seldom), "15 minutes", "active for 15m"],
          ["RUNNING", TrainerJobs.reconnectAndWait("j", seldom), "10 minutes", "active for 10m"],
          ["RUNNING", TrainerJobs.resumeAndWait("j", seldom), "15 minutes", "active for 15m"],
          ["CANCELLING", TrainerJobs.reconnectAndWait("j", seldom), "2 minutes", "changing for 2m"],
          ["PENDING", TrainerJobs.reconnectAndWait("j", seldom), "48 hours", "queued for 2d"]
        ] as const
        for (const [state, wait, time, detail] of ends) {
          yield* server.setJob("j", state)
          expect((yield* within(failureOf(wait), Duration.sum(time, "10 seconds"))).detail).toBe(
            `the job was ${detail}`
          )
        }
      })
    )
  )

  it.effect("returns once a fine-tuning job runs, without a probe", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        yield* TrainerJobs.create({ kind: "supervised", id: "s", dataset: "rows" })
        const outcome = yield* within(TrainerJobs.awaitReady("s", { kind: "supervised" }), "9 minutes")
        expect(outcome).toMatchObject({ _tag: "Running", resumed: 0, optimizer: { _tag: "Untouched" } })
        expect((yield* requestsOf(server)).filter((line) => line.includes("healthz"))).toEqual([])
      })
    )
  )

  it.effect("sends at most 200 requests in two days with an outage of half an hour", () =>
    against(
      {
        timeline: [
          { state: "CREATING", lasts: "1 minute" },
          { state: "PENDING", lasts: "48 hours" },
          { state: "CREATING", lasts: "1 minute" },
          { state: "RUNNING" }
        ],
        outages: [{ after: "20 hours", lasts: "30 minutes" }]
      },
      (server) =>
        Effect.gen(function* () {
          yield* make
          const waiting = yield* Effect.fork(TrainerJobs.awaitReady("j"))
          yield* TestClock.adjust("49 hours")
          expect(reached(yield* Fiber.join(waiting)).resumed).toBe(0)
          expect((yield* server.requests).length).toBeLessThanOrEqual(200)
          const [, ...looks] = yield* server.requests
          const waits = looks.map(({ at }, n) => at - (looks[n - 1]?.at ?? at))
          // the longest wait bounds the time until readiness is noticed
          expect(Math.max(...waits)).toBeLessThanOrEqual(24 * minutes)
        })
    )
  )

  it.effect("sends no request and keeps no timer after an interruption", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        yield* make
        const waiting = yield* Effect.fork(TrainerJobs.awaitReady("j"))
        yield* TestClock.adjust("3 minutes")
        yield* Fiber.interrupt(waiting)
        const before = (yield* server.requests).length
        yield* TestClock.adjust("1 hour")
        expect((yield* server.requests).length).toBe(before)
        expect(Chunk.size(yield* TestClock.sleeps())).toBe(0)
      })
    )
  )
})

// -------------------------------------------------------------------------------------------------
// reconnectAndWait and resumeAndWait
// -------------------------------------------------------------------------------------------------

const went = (outcome: TrainerJobs.Outcome) => {
  const { optimizer, resumed } = reached(outcome)
  const from = optimizer._tag === "Preserved" ? optimizer.checkpoint.name.split("/").at(-1) : undefined
  return [resumed, optimizer._tag, from]
}

describe("reconnectAndWait", () => {
  it.effect("resumes a preempted job, and returns the checkpoint that it continues from", () =>
    against({ timeline: lives(preempted("45 minutes"), serving) }, () =>
      Effect.gen(function* () {
        yield* make
        yield* TestClock.adjust("50 minutes")
        const outcome = yield* within(TrainerJobs.reconnectAndWait("j", { dcpSaveInterval: 10 }), "3 minutes")
        expect(went(outcome)).toEqual([1, "Preserved", "step-4"])
      })
    )
  )

  it.effect("ignores checkpoints saved after the interruption", () =>
    against({ timeline: lives(preempted("45 minutes"), serving), checkpointEvery: "20 seconds" }, (server) =>
      Effect.gen(function* () {
        yield* make
        yield* TestClock.adjust("50 minutes")
        // the job runs again long before the poll that notices it
        const wait = TrainerJobs.reconnectAndWait("j", { pollInterval: "9 minutes", dcpSaveInterval: 10 })
        expect(went(yield* within(wait, "20 minutes"))).toEqual([1, "Preserved", "step-135"])
        expect((yield* server.jobs)[0]?.life).toBe(2)
      })
    )
  )

  it.effect("reports a lost optimizer state if no checkpoint contains it", () =>
    Effect.forEach([{ checkpoints: "inference" }, { checkpointEvery: Duration.infinity }] as const, (options) =>
      against({ ...options, timeline: lives(preempted("45 minutes"), serving) }, () =>
        Effect.gen(function* () {
          yield* make
          yield* TestClock.adjust("50 minutes")
          const [outcome, lines] = yield* logged(
            within(TrainerJobs.reconnectAndWait("j", { dcpSaveInterval: 0 }), "3 minutes")
          )
          expect(went(outcome)).toEqual([1, "Lost", undefined])
          expect(reached(outcome).atRisk).toMatchObject({ _tag: "OptimizerStateAtRisk", job: "j", interval: 0 })
          expect(lines.map((line) => line.split(" ")[0])).toEqual(["WARN", "INFO", "ERROR"])
          expect(lines[2]).toContain("the state of the optimizer is lost")
          expect(lines.join()).not.toContain(account)
        })
      )
    )
  )

  it.effect("reports no risk of a state that a checkpoint preserved", () =>
    against({ timeline: lives(preempted("45 minutes"), serving) }, () =>
      Effect.gen(function* () {
        yield* make
        yield* TestClock.adjust("50 minutes")
        const outcome = yield* within(TrainerJobs.reconnectAndWait("j"), "3 minutes")
        expect([went(outcome)[1], reached(outcome).atRisk]).toEqual(["Preserved", undefined])

        const stored = yield* Effect.orDie(Schema.encode(TrainerJobs.Outcome)(outcome))
        const atRisk = { _tag: "OptimizerStateAtRisk", job: "j", interval: 0, advice: "" }
        const decode = Schema.decodeUnknownEither(TrainerJobs.Outcome)
        expect(Either.getOrThrow(decode(JSON.parse(JSON.stringify(stored))))).toEqual(outcome)
        expect(Either.isLeft(decode({ ...stored, atRisk }))).toBe(true)
      })
    )
  )

  it.effect("logs a resumption and a lost state with the job, at the levels of Telemetry.logs", () =>
    against({ checkpoints: "inference", timeline: lives(preempted("45 minutes"), serving) }, () =>
      Effect.gen(function* () {
        yield* make
        yield* TestClock.adjust("50 minutes")
        const levels = { resumed: "Debug", optimizerLost: "Fatal", failure: "None", giveUp: "None" } as const
        const reconnected = TrainerJobs.reconnectAndWait("j", { dcpSaveInterval: 10 })
        const lines = yield* within(linesOf(Effect.provide(reconnected, Telemetry.logs(levels))), "3 minutes")
        expect(lines.filter(({ annotations }) => "kind" in annotations)).toEqual([
          { level: "DEBUG", message: "a job was resumed", annotations: { job: "j", kind: "trainer" } },
          {
            level: "FATAL",
            message: "the state of the optimizer is lost: the trainer runs again without a checkpoint from before",
            annotations: { job: "j", kind: "trainer", resumed: 1 }
          }
        ])
      })
    )
  )

  it.effect("returns Ready with an unknown optimizer state if the checkpoints cannot be read", () =>
    against({ timeline: lives(preempted("45 minutes"), serving) }, (server) =>
      Effect.gen(function* () {
        yield* make
        yield* TestClock.adjust("50 minutes")
        yield* server.inject({ path: "/checkpoints", times: 100, fault: Fault.answer(500) })
        const outcome = yield* within(TrainerJobs.reconnectAndWait("j"), "5 minutes")
        expect(reached(outcome).optimizer).toEqual({
          _tag: "Unknown",
          why: "the checkpoints could not be read: ServerError"
        })
        expect(reached(outcome).atRisk?.interval).toBeUndefined()
      })
    )
  )

  it.effect("waits more than a day for new machines, and reports the checkpoint before the interruption", () =>
    against(
      {
        timeline: [{ state: "RUNNING", lasts: "25 minutes" }, { state: "RE_QUEUEING", lasts: "30 hours" }, ...serving]
      },
      (server) =>
        Effect.gen(function* () {
          yield* make
          yield* TestClock.adjust("26 minutes")
          const outcome = yield* within(TrainerJobs.reconnectAndWait("j"), "31 hours")
          expect(went(outcome)).toEqual([0, "Preserved", "step-2"])
          expect((yield* server.jobs)[0]?.life).toBe(1)
        })
    )
  )

  it.effect("survives two preemptions during the wait, one of them requeued by the server", () =>
    against({ timeline: lives(serving), healthyAfter: "20 minutes" }, (server) =>
      Effect.gen(function* () {
        yield* make
        const waiting = yield* Effect.fork(TrainerJobs.reconnectAndWait("j", { ready: "30 minutes" }))
        yield* TestClock.adjust("15 minutes")
        yield* server.preempt("j", "RE_QUEUEING")
        yield* TestClock.adjust("15 minutes")
        yield* server.preempt("j")
        yield* TestClock.adjust("40 minutes")
        const outcome = yield* Fiber.join(waiting)
        expect(went(outcome)).toEqual([1, "Preserved", "step-1"])
      })
    )
  )

  it.effect("ignores a stale failure after its resumption", () =>
    against({ timeline: lives(preempted("5 minutes"), serving) }, (server) =>
      Effect.gen(function* () {
        yield* make
        yield* TestClock.adjust("10 minutes")
        yield* server.stale("100 seconds")
        const outcome = yield* within(TrainerJobs.reconnectAndWait("j"), "10 minutes")
        expect(reached(outcome).resumed).toBe(1)
        expect((yield* requestsOf(server)).filter((line) => line.endsWith(":resume")).length).toBe(1)
      })
    )
  )

  it.effect("resumes at most `resumes` times, and then returns the failure", () =>
    against({ timeline: preempted("5 minutes"), healthyAfter: "1 hour" }, (server) =>
      Effect.gen(function* () {
        yield* make
        const outcome = yield* within(TrainerJobs.reconnectAndWait("j", { resumes: 2 }), "1 hour")
        expect(outcome).toMatchObject({ _tag: "Failed", message: "The job was preempted" })
        expect((yield* server.jobs)[0]?.life).toBe(3)
      })
    )
  )

  it.effect("resumes only from resumableStates, which exclude COMPLETED for fine-tuning by default", () =>
    against({ timeline: lives([{ state: "COMPLETED" }], [{ state: "RUNNING" }]), healthyAfter: 0 }, () =>
      Effect.gen(function* () {
        yield* make
        const none = yield* TrainerJobs.reconnectAndWait("j", { resumableStates: ["FAILED"] })
        expect(none._tag).toBe("Completed")
        expect(went(yield* within(TrainerJobs.reconnectAndWait("j"), "1 minute"))[0]).toBe(1)
        const kind = "preference"
        yield* TrainerJobs.create({ kind, id: "p", dataset: "rows" })
        expect((yield* TrainerJobs.reconnectAndWait("p", { kind }))._tag).toBe("Completed")
        const outcome = yield* within(
          TrainerJobs.reconnectAndWait("p", { kind, resumableStates: ["COMPLETED"] }),
          "1 minute"
        )
        expect(outcome).toMatchObject({ _tag: "Running", resumed: 1, optimizer: { _tag: "Unknown" } })
      })
    )
  )

  it.effect("waits for a job that lookups do not find yet, and fails with NotFound after `unseen`", () =>
    against({ visibleAfter: "90 seconds", tombstone: "hidden", healthyAfter: 0 }, () =>
      Effect.gen(function* () {
        yield* make
        expect((yield* within(TrainerJobs.reconnectAndWait("j"), "9 minutes"))._tag).toBe("Ready")
        yield* TrainerJobs.delete("j")
        const error = yield* within(failureOf(TrainerJobs.reconnectAndWait("j")), "3 minutes")
        expect(error.reason).toBe("NotFound")
      })
    )
  )

  it.effect("hides the key and the account in errors", () => {
    const echo = (request: Fault.Request) =>
      Fault.answer(403, {
        body: { error: { message: `${request.headers["x-api-key"]} of accounts/${account}`, code: account } }
      })
    return scripted(echo, () =>
      Effect.gen(function* () {
        for (const wait of [
          TrainerJobs.reconnectAndWait("j"),
          TrainerJobs.resumeAndWait("j"),
          TrainerJobs.cancel("j")
        ]) {
          const error = yield* failureOf(wait)
          expect(error.reason).toBe("Forbidden")
          const shown = [
            error.message,
            JSON.stringify(error),
            Cause.pretty(Cause.fail(error), { renderErrorCause: true })
          ]
          expect(shown.join("\n")).not.toMatch(new RegExp(`${key}|\\b${account}\\b`))
        }
      })
    )
  })
})

describe("resumeAndWait", () => {
  it.effect("resumes a stopped job exactly once despite a lost connection", () =>
    Effect.forEach([true, false], (takesEffect) =>
      against({ timeline: lives(preempted("25 minutes"), serving) }, (server) =>
        Effect.gen(function* () {
          yield* make
          yield* TestClock.adjust("30 minutes")
          yield* server.inject({ path: ":resume", fault: Fault.reset, takesEffect })
          const outcome = yield* within(TrainerJobs.resumeAndWait("j"), "10 minutes")
          expect(went(outcome)).toEqual([1, "Preserved", "step-2"])
          expect((yield* server.jobs)[0]?.life).toBe(2)
        })
      )
    )
  )

  it.effect("ignores a stale failure from before the resumption", () =>
    against({ timeline: lives(preempted("5 minutes"), serving) }, (server) =>
      Effect.gen(function* () {
        yield* make
        yield* TestClock.adjust("10 minutes")
        yield* server.stale("100 seconds")
        const outcome = yield* within(TrainerJobs.resumeAndWait("j", { resumes: 1 }), "10 minutes")
        expect(reached(outcome).resumed).toBe(1)
      })
    )
  )

  it.effect.each(["COMPLETED", "EARLY_STOPPED"])("ignores a stale %s from before the resumption", (end) =>
    scripted(
      ({ method, number }) =>
        method === "POST" ? json({}) : json({ name: "n/j", state: `JOB_STATE_${number <= 4 ? end : "RUNNING"}` }),
      () =>
        Effect.gen(function* () {
          const outcome = yield* within(TrainerJobs.resumeAndWait("j", { kind: "supervised" }), "2 minutes")
          expect(outcome._tag).toBe("Running")
        })
    )
  )

  it.effect("does not resume a deleted job", () =>
    against({ tombstone: "DELETED" }, (server) =>
      Effect.gen(function* () {
        yield* make
        yield* TrainerJobs.delete("j")
        yield* TestClock.adjust("10 minutes")
        const error = yield* within(failureOf(TrainerJobs.resumeAndWait("j")), "1 second")
        expect([error.reason, error.detail]).toEqual(["NotFound", "the job was deleted"])
        expect((yield* requestsOf(server)).filter((line) => line.endsWith(":resume"))).toEqual([])
      })
    )
  )

  it.effect("waits for the server hint of a failed resumption before the next lookup", () =>
    scripted(
      ({ method }) =>
        method === "POST"
          ? Fault.answer(503, { retryAfter: "60 seconds" })
          : json({ name: "n/j", state: "JOB_STATE_FAILED" }),
      (client) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.fork(TrainerJobs.resumeAndWait("j", { kind: "supervised" }))
          yield* TestClock.adjust("59 seconds")
          expect((yield* client.requests).map(({ method }) => method)).toEqual(["GET", "POST"])
          yield* TestClock.adjust("10 seconds")
          expect((yield* client.requests)[2]?.method).toBe("GET")
          yield* Fiber.interrupt(fiber)
        })
    )
  )

  it.effect("waits for a job that already runs, through an outage", () =>
    against({ outages: [{ after: "1 second", lasts: "20 minutes" }] }, (server) =>
      Effect.gen(function* () {
        yield* make
        yield* TestClock.adjust("1 second")
        const outcome = yield* within(TrainerJobs.resumeAndWait("j"), "30 minutes")
        expect([went(outcome)[0], went(outcome)[1], (yield* server.jobs)[0]?.life]).toEqual([0, "Untouched", 1])
      })
    )
  )
})

// -------------------------------------------------------------------------------------------------
// The optimizer's state
// -------------------------------------------------------------------------------------------------

describe("the optimizer's state", () => {
  const at = (minute: number) => new Date(minute * minutes).toISOString()
  const sight = (state: string, minute?: number): TrainerJobs.TrainerJob => ({
    name: "n/j",
    state: `JOB_STATE_${state}`,
    ...(minute !== undefined && { updateTime: at(minute) })
  })
  const seen = (...sights: ReadonlyArray<TrainerJobs.TrainerJob>) =>
    sights.reduce((past, one, n) => trainer.afterSight(past, one, n * minutes), trainer.nothingSeen).interruptedAt
  const saved = (type: string, minute?: number): TrainerJobs.Checkpoint => ({
    name: `${type}@${minute}`,
    checkpointType: `CHECKPOINT_TYPE_${type}`,
    ...(minute !== undefined && { createTime: at(minute) })
  })
  const from = (minute: number, ...all: ReadonlyArray<TrainerJobs.Checkpoint>) => {
    const found = trainer.optimizerOf(
      all.reduce((newest, one) => trainer.afterCheckpoint(newest, one, minute * minutes), trainer.noCheckpoint)
    )
    return found._tag === "Preserved" ? found.checkpoint.name : found._tag
  }

  it("derives the last interruption from the server's times", () => {
    expect(seen(sight("CREATING", 1), sight("PENDING", 2), sight("RUNNING", 3))).toBeUndefined()
    expect(seen(sight("RUNNING", 3), sight("RE_QUEUEING", 9), sight("RUNNING", 12))).toBe(9 * minutes)
    expect(seen(sight("RE_QUEUEING", 9), sight("FAILED", 30))).toBe(30 * minutes)
    // the state RE_QUEUEING was missed
    expect(seen(sight("RUNNING", 3), sight("PENDING", 10))).toBe(10 * minutes)
    expect(seen(sight("RUNNING", 3), sight("CREATING", 10))).toBe(10 * minutes)
    for (const end of ["FAILED", "CANCELLED", "PAUSED", "COMPLETED"]) {
      expect(seen(sight("RUNNING", 3), sight(end, 9))).toBe(9 * minutes)
    }
    // these states do not indicate an interruption
    expect(seen(sight("RUNNING", 3), sight("PENDING", 3), sight("WRITING_RESULTS", 9))).toBeUndefined()
    // these states are stale
    expect(seen(sight("RUNNING", 3), sight("PENDING", 2), sight("CREATING", 1))).toBeUndefined()
    expect(seen(sight("FAILED", 30), sight("RE_QUEUEING", 9))).toBe(30 * minutes)
    // without the server's times, the clock's times count
    expect(seen(sight("RUNNING"), sight("FAILED"))).toBe(minutes)
    expect(trainer.afterResume(trainer.nothingSeen, 7, true)).toMatchObject({ interruptedAt: 7, resumed: 1 })
  })

  it("counts a resumption with a lost response once the job runs again", () => {
    const running = trainer.afterSight(trainer.nothingSeen, sight("RUNNING", 3), 0)
    expect(running).toMatchObject({ stopped: false, unconfirmed: false, resumed: 0 })
    // a running job has nothing to resume
    expect(trainer.afterResume(running, 0, false)).toEqual(running)
    const stopped = trainer.afterSight(running, sight("FAILED", 9), 0)
    const asked = trainer.afterResume(stopped, 0, false)
    expect(asked).toEqual({ ...stopped, unconfirmed: true, resumed: 0 })
    const still = trainer.afterSight(asked, sight("FAILED", 9), 0)
    expect(still).toMatchObject({ stopped: true, unconfirmed: true, resumed: 0 })
    expect(trainer.afterResume(still, 0, true)).toMatchObject({ unconfirmed: false, resumed: 1 })
    expect(trainer.afterSight(still, sight("PENDING", 10), 0)).toMatchObject({ unconfirmed: false, resumed: 1 })
    expect(trainer.afterResume(trainer.nothingSeen, 0, false)).toEqual(trainer.nothingSeen)
    expect(trainer.afterSight(trainer.nothingSeen, sight("RUNNING", 3), 0).resumed).toBe(0)
  })

  it("selects the newest checkpoint with an optimizer before the interruption, in any order", () => {
    const all = [saved("TRAINING", 10), saved("TRAINING_LORA", 20), saved("TRAINING", 31), saved("INFERENCE_BASE", 25)]
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: 4 }), (shuffled) => {
        expect(from(30, ...shuffled)).toBe("TRAINING_LORA@20")
      })
    )
    expect(from(9, ...all)).toBe("Lost")
    expect(from(10, ...all)).toBe("TRAINING@10")
    expect(from(30, saved("INFERENCE_LORA", 5), saved("INFERENCE_ARC_V2", 6))).toBe("Lost")
    expect(from(30, saved("TRAINING", 5), saved("TRAINING"))).toBe("Unknown")
    expect(trainer.optimizerOf(trainer.afterCheckpoint(trainer.noCheckpoint, saved("TRAINING"), 30))).toEqual({
      _tag: "Unknown",
      why: "a checkpoint has no valid createTime"
    })
  })

  it("accepts only checkpoints of training, with and without the type prefix", () => {
    const types = ["TRAINING", "CHECKPOINT_TYPE_TRAINING_LORA", "PRE_TRAINING", "TRAINING_X", undefined]
    expect(types.map((checkpointType) => trainer.hasOptimizer({ name: "c", checkpointType }))).toEqual([
      true,
      true,
      false,
      false,
      false
    ])
  })
})

// -------------------------------------------------------------------------------------------------
// Killed processes
// -------------------------------------------------------------------------------------------------

/** Starts a program that reconnects to the job and waits until it is ready. */
const start = (server: FireworksServer.OnSockets, id: string) => {
  const child = spawn(process.execPath, ["--import", "tsx", "test/support/trainerJob.ts", id], {
    cwd: root,
    env: {
      ...process.env,
      NODE_OPTIONS: "",
      FIREWORKS_API_KEY: server.key,
      FIREWORKS_ACCOUNT_ID: server.account,
      FIREWORKS_BASE_URL: server.origin
    },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let output = ""
  child.stdout.on("data", (data: Buffer) => (output += data.toString()))
  child.stderr.on("data", (data: Buffer) => (output += data.toString()))
  const ended = new Promise<string>((resolve) =>
    child.once("close", (code, signal) => resolve(signal ?? (code === 0 ? output : `${code}: ${output}`)))
  )
  return { ended, kill: () => child.kill("SIGKILL") }
}

const until = (condition: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.repeat(Effect.delay(condition, "20 millis"), { until: (holds) => holds }).pipe(
    Effect.timeout("60 seconds"),
    Effect.orDie,
    Effect.asVoid
  )

it.scopedLive(
  "reconnects to the job of a process that was killed during its wait, and resumes it",
  () =>
    Effect.gen(function* () {
      const server = yield* FireworksServer.make({
        timeline: lives([{ state: "PENDING" }], [{ state: "RUNNING" }]),
        healthyAfter: 0
      })
      const looks = Effect.map(server.requests, (all) => all.filter(({ method }) => method === "GET").length)
      const first = start(server, "j")
      yield* until(Effect.map(looks, (count) => count >= 3))
      first.kill()
      expect(yield* Effect.promise(() => first.ended)).toBe("SIGKILL")

      yield* server.preempt("j")
      const second = start(server, "j")
      const output = yield* Effect.promise(() => second.ended)
      const lines = output.split("\n")
      expect(lines.at(-1)).toBe(`1 Lost ${server.origin}/training/v1/rlorTrainerJobs/${account}/j`)
      expect(lines.map((line) => /level=(\w+)/.exec(line)?.[1])).toEqual(["INFO", "ERROR", undefined])
      expect(yield* server.creations).toEqual([{ kind: "rlorTrainerJobs", id: "j", asked: 1, made: 1 }])
    }),
  300_000
)
