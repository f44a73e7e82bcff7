import { HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Chunk, Effect, Stream, TestClock } from "effect"
import { Workload } from "effect-reliability"
import { Fireworks, TrainerJobs } from "effect-reliability/fireworks"
import { Fault } from "effect-reliability/testing"
import { expect } from "vitest"
import { controlOf } from "../../../src/fireworks/internal/control.js"
import { holds } from "../../../src/fireworks/internal/jobs/lifecycle.js"
import {
  account,
  against,
  base,
  failureOf,
  json,
  lives,
  logged,
  make,
  preempted,
  reached,
  requestsOf,
  scripted,
  serving,
  within
} from "../../support/trainers.js"

// -------------------------------------------------------------------------------------------------
// create
// -------------------------------------------------------------------------------------------------

describe("create", () => {
  it.effect("creates a job of each kind with the given id", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        const { job } = yield* TrainerJobs.create({
          id: "policy",
          displayName: "Policy",
          trainingConfig: { baseModel: "accounts/fireworks/models/m", loraRank: 8 },
          nodeCount: 2,
          inactivityTimeout: "30 minutes",
          trainingShape: "large",
          more: { serviceMode: true }
        })
        expect([TrainerJobs.idOf(job), job.nodeCount, job.serviceMode]).toEqual(["policy", 2, true])
        for (const kind of ["supervised", "reinforcement", "preference"] as const) {
          yield* TrainerJobs.create({ kind, id: kind, dataset: "rows" })
          expect(TrainerJobs.idOf(yield* TrainerJobs.get(kind, { kind }))).toBe(kind)
        }
        const [first, second] = (yield* server.requests).filter(({ method }) => method === "POST")
        expect(first?.path).toBe(`${base}?rlorTrainerJobId=policy&trainingShape=large`)
        expect(JSON.parse(first?.body ?? "")).toEqual({
          displayName: "Policy",
          trainingConfig: { baseModel: "accounts/fireworks/models/m", loraRank: 8 },
          nodeCount: 2,
          inactivityTimeout: "1800s",
          serviceMode: true
        })
        expect(second?.path).toContain("/supervisedFineTuningJobs?supervisedFineTuningJobId=supervised")
        expect(JSON.parse(second?.body ?? "")).toEqual({ dataset: "accounts/acme/datasets/rows" })
        expect((yield* server.creations).map(({ kind }) => kind)).toEqual([
          "rlorTrainerJobs",
          "supervisedFineTuningJobs",
          "reinforcementFineTuningJobs",
          "dpoJobs"
        ])
      })
    )
  )

  it.effect("creates one job after a lost response, and fails with Conflict for another configuration", () =>
    against({ injections: [{ method: "POST", fault: Fault.reset, takesEffect: true }] }, (server) =>
      Effect.gen(function* () {
        const trainingConfig = { loraRank: 8 }
        yield* within(TrainerJobs.create({ id: "j", trainingConfig }), "1 minute")
        yield* TrainerJobs.create({ id: "j", trainingConfig })
        const error = yield* within(
          failureOf(TrainerJobs.create({ id: "j", trainingConfig: { loraRank: 9 } })),
          "1 minute"
        )
        expect(error.reason).toBe("Conflict")
        expect((yield* server.creations).map(({ made }) => made)).toEqual([1])
      })
    )
  )

  it.effect("returns and logs one warning if the optimizer's state is at risk", () =>
    against({}, () =>
      Effect.gen(function* () {
        const [none, silence] = yield* logged(TrainerJobs.create({ dcpSaveInterval: 1 }))
        expect([none.atRisk, silence]).toEqual([undefined, []])
        for (const interval of [0, undefined] as const) {
          const [{ atRisk }, lines] = yield* logged(TrainerJobs.create({ dcpSaveInterval: interval }))
          expect(atRisk).toMatchObject({ _tag: "OptimizerStateAtRisk", interval })
          expect(lines).toEqual([`WARN ${atRisk?.advice}`])
          expect(lines.join()).toContain("set dcp_save_interval above 0")
        }
      })
    )
  )

  it.effect("logs the warning once for each job, in create or in reconnectAndWait", () =>
    against({ timeline: [{ state: "RUNNING" }], healthyAfter: 0 }, () =>
      Effect.gen(function* () {
        const [{ atRisk }, created] = yield* logged(TrainerJobs.create({ id: "j" }))
        expect(created).toEqual([`WARN ${atRisk?.advice}`])
        const reconnect = (id: string) =>
          logged(within(TrainerJobs.reconnectAndWait(id, { dcpSaveInterval: 0 }), "1 minute"))
        const [outcome, again] = yield* reconnect("j")
        expect([reached(outcome).atRisk?.interval, again]).toEqual([0, []])

        yield* TrainerJobs.create({ id: "another", dcpSaveInterval: 10 })
        expect((yield* reconnect("another"))[1].length).toBe(1)
        expect((yield* reconnect("another"))[1]).toEqual([])
      })
    )
  )

  it.effect("rejects invalid fields by name before any request", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        const bad: ReadonlyArray<readonly [string, TrainerJobs.Submission]> = [
          ["id", { id: "a/b" }],
          ["displayName", { displayName: " " }],
          ["trainingShape", { trainingShape: "" }],
          ["dataset", { kind: "supervised", dataset: "accounts/acme/models/x" }]
        ]
        for (const [field, submission] of bad) {
          const error = yield* failureOf(TrainerJobs.create(submission))
          expect([error.reason, error.detail?.split(" ")[0]]).toEqual(["InvalidRequest", field])
        }
        expect(() => TrainerJobs.create({ dcpSaveInterval: -1 })).toThrow("TrainerJobs.create: dcpSaveInterval is -1")
        expect(() => TrainerJobs.create({ nodeCount: 0 })).toThrow("nodeCount is 0")
        expect(() => TrainerJobs.create({ inactivityTimeout: "-1 second" })).toThrow("inactivityTimeout")
        expect((yield* server.requests).length).toBe(0)
      })
    )
  )
})

// -------------------------------------------------------------------------------------------------
// list, checkpoints, cancel, resume, delete
// -------------------------------------------------------------------------------------------------

describe("calls on existing jobs", () => {
  it.effect("lists jobs and checkpoints page by page", () =>
    against({ timeline: [{ state: "RUNNING" }], checkpointEvery: "1 minute" }, (server) =>
      Effect.gen(function* () {
        const ids = ["a", "b", "c"]
        yield* Effect.forEach(ids, (id) => TrainerJobs.create({ id, dcpSaveInterval: 1 }))
        const found = yield* Stream.runCollect(TrainerJobs.list({ pageSize: 2 }))
        expect(Chunk.toReadonlyArray(found).map(TrainerJobs.idOf)).toEqual(ids)
        yield* TestClock.adjust("7 minutes")
        const saved = yield* Stream.runCollect(TrainerJobs.checkpoints("a", { pageSize: 3 }))
        expect(Chunk.size(saved)).toBe(7)
        expect((yield* requestsOf(server)).slice(-3)).toEqual([
          `GET ${base}/a/checkpoints?pageSize=3`,
          `GET ${base}/a/checkpoints?pageSize=3&pageToken=after-3`,
          `GET ${base}/a/checkpoints?pageSize=3&pageToken=after-6`
        ])
        expect(yield* Stream.runCollect(TrainerJobs.list({ kind: "preference" }))).toEqual(Chunk.empty())
      })
    )
  )

  it.effect("cancels a job after a lost response, and fails with BadRequest for a completed job", () =>
    against({ timeline: [{ state: "RUNNING" }] }, (server) =>
      Effect.gen(function* () {
        yield* make
        yield* server.inject({ path: ":cancel", fault: Fault.reset, takesEffect: true })
        yield* within(TrainerJobs.cancel("j"), "10 seconds")
        yield* TestClock.adjust("10 seconds")
        expect(TrainerJobs.stateOf(yield* TrainerJobs.get("j"))).toBe("CANCELLED")
        yield* TrainerJobs.cancel("j")
        yield* server.setJob("j", "COMPLETED")
        expect((yield* failureOf(TrainerJobs.cancel("j"))).reason).toBe("BadRequest")
      })
    )
  )

  it.effect("resumes a stopped job, and does not retry the resumption", () =>
    against({ timeline: lives([{ state: "FAILED" }], serving) }, (server) =>
      Effect.gen(function* () {
        yield* make
        yield* server.inject({ path: ":resume", fault: Fault.answer(503), takesEffect: true })
        expect((yield* failureOf(TrainerJobs.resume("j"))).reason).toBe("Unavailable")
        expect((yield* server.jobs).map(({ life }) => life)).toEqual([2])
        expect((yield* failureOf(TrainerJobs.resume("j"))).reason).toBe("BadRequest")
        expect((yield* requestsOf(server)).filter((line) => line.endsWith(":resume")).length).toBe(2)
      })
    )
  )

  it.effect("deletes a job after a lost response", () =>
    against({ tombstone: "hidden", injections: [{ method: "DELETE", fault: Fault.reset, takesEffect: true }] }, () =>
      Effect.gen(function* () {
        yield* make
        yield* within(TrainerJobs.delete("j"), "10 seconds")
        expect((yield* failureOf(TrainerJobs.get("j"))).reason).toBe("NotFound")
      })
    )
  )

  it.effect("rejects invalid job ids before any request", () =>
    against({}, (server) =>
      Effect.gen(function* () {
        const calls = [
          TrainerJobs.get("a/b"),
          TrainerJobs.resume(""),
          TrainerJobs.cancel("../x"),
          TrainerJobs.delete("a b"),
          TrainerJobs.awaitReady("?"),
          TrainerJobs.resumeAndWait("-a"),
          TrainerJobs.reconnectAndWait("a:resume"),
          TrainerJobs.await("a/b"),
          Stream.runDrain(TrainerJobs.watch("a/b")),
          Stream.runDrain(TrainerJobs.checkpoints("a/b"))
        ]
        for (const call of calls) expect((yield* failureOf(call)).detail?.split(" ")[0]).toBe("id")
        const named = yield* failureOf(TrainerJobs.get(`accounts/${account}/rlorTrainerJobs/j`))
        expect(named.detail).toContain("pass only the id")
        expect((yield* server.requests).length).toBe(0)
      })
    )
  )

  it.effect("rejects paths with blanks that would lead out of the account", () =>
    scripted(json({}), (client) =>
      Effect.gen(function* () {
        const control = controlOf(yield* Fireworks.Fireworks)
        for (const path of ["/.\t./victim/deployments", "/.\n./victim", "/.\r/x", "/ x"]) {
          const error = yield* failureOf(control.request(HttpClientRequest.get(path), Workload.interactive))
          expect(error.reason).toBe("InvalidRequest")
        }
        expect(yield* client.requests).toEqual([])
      })
    )
  )

  it("matches an empty list with a missing field of the server", () => {
    expect(holds({ name: "x" }, { tags: [] })).toBe(true)
    expect(holds({ name: "x", tags: [] }, { tags: undefined })).toBe(true)
    expect(holds({ name: "x", tags: ["a"] }, { tags: [] })).toBe(false)
  })

  it("rejects invalid options of await and watch by name", () => {
    expect(() => TrainerJobs.await("j", { interval: 0 })).toThrow("TrainerJobs.await: interval is 0")
    expect(() => TrainerJobs.watch("j", { factor: 0 })).toThrow("TrainerJobs.watch: factor is 0")
  })

  it.each([
    [{ pollInterval: 0 }, "pollInterval is 0"],
    [{ pollInterval: "1 hour", cap: "1 minute" }, "cap is 1m; it must be at least pollInterval, 1h"],
    [{ factor: 0.5 }, "factor is 0.5"],
    [{ jitter: 0.6 }, "jitter is 0.6"],
    [{ ready: -1 }, "ready is -1"],
    [{ resumable: Number.NaN }, "resumable is NaN"],
    [{ pending: "-1 day" }, `pending is "-1 day"`],
    [{ outage: -1 }, "outage is -1"],
    [{ unseen: -1 }, "unseen is -1"],
    [{ stale: -1 }, "stale is -1"],
    [{ resumes: 1.5 }, "resumes is 1.5"],
    [{ dcpSaveInterval: 0.5 }, "dcpSaveInterval is 0.5"]
  ] as ReadonlyArray<readonly [TrainerJobs.ReconnectOptions, string]>)(
    "rejects the options %o of reconnectAndWait",
    (options, message) => {
      expect(() => TrainerJobs.reconnectAndWait("j", options)).toThrow(`TrainerJobs.reconnectAndWait: ${message}`)
    }
  )

  it("rejects states that cannot be resumed, unknown kinds, and resumeAndWait without resumes", () => {
    const states = ["RUNNING"] as unknown as ReadonlyArray<TrainerJobs.Resumable>
    expect(() => TrainerJobs.reconnectAndWait("j", { resumableStates: states })).toThrow("resumableStates")
    expect(() => TrainerJobs.get("j", { kind: "batch" as TrainerJobs.Kind })).toThrow(`kind is "batch"`)
    expect(() => TrainerJobs.resumeAndWait("j", { resumes: 0 })).toThrow("resumes is 0")
    expect(() => TrainerJobs.watch("j", { jitter: 2 })).toThrow("jitter")
    expect(() => TrainerJobs.list({ pageSize: 0 })).toThrow("pageSize")
  })
})

describe("await and watch", () => {
  it.effect("returns the outcome of a fine-tuning job, and resumes it if `resumes` allows", () =>
    against(
      { timeline: lives(preempted("5 minutes"), [{ state: "RUNNING", lasts: "5 minutes" }, { state: "COMPLETED" }]) },
      () =>
        Effect.gen(function* () {
          const kind = "reinforcement"
          yield* TrainerJobs.create({ kind, id: "r", dataset: "rows" })
          const states = yield* within(Stream.runCollect(TrainerJobs.watch("r", { kind })), "7 minutes")
          expect(new Set(Chunk.map(states, TrainerJobs.stateOf))).toEqual(new Set(["RUNNING", "FAILED"]))
          expect(yield* TrainerJobs.await("r", { kind })).toMatchObject({
            _tag: "Failed",
            message: "The job was preempted"
          })
          expect((yield* within(TrainerJobs.await("r", { kind, resumes: 1 }), "10 minutes"))._tag).toBe("Completed")
        })
    )
  )

  it.effect("continues through a pause unless onPause is end", () =>
    against({ timeline: [{ state: "PAUSED", lasts: "5 minutes" }, { state: "COMPLETED" }] }, () =>
      Effect.gen(function* () {
        yield* make
        expect((yield* TrainerJobs.await("j", { onPause: "end" }))._tag).toBe("Paused")
        expect((yield* within(TrainerJobs.await("j"), "7 minutes"))._tag).toBe("Completed")
      })
    )
  )
})
