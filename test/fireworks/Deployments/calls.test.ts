import { describe, it } from "@effect/vitest"
import { Chunk, Effect, Exit, FastCheck as fc, Fiber, Stream, TestClock } from "effect"
import type { ApiError } from "effect-reliability"
import { Deadline } from "effect-reliability"
import { Deployments, Fireworks } from "effect-reliability/fireworks"
import type { FireworksServer } from "effect-reliability/testing"
import { Fault } from "effect-reliability/testing"
import { expect } from "vitest"
import { changeOf } from "../../../src/fireworks/internal/deployments/autoscaling.js"
import {
  account,
  against,
  chat,
  countOf,
  failureOf,
  joined,
  json,
  key,
  model,
  requestsOf,
  scaled,
  scripted,
  within
} from "../../support/deployments.js"

// -------------------------------------------------------------------------------------------------
// get, list and scale
// -------------------------------------------------------------------------------------------------

describe("get and list", () => {
  it.effect("returns deployments with their unknown fields", () =>
    against({ deployments: { d: { minReplicaCount: 1, maxReplicaCount: 3, fields: { ofTomorrow: 1 } }, e: {} } }, () =>
      Effect.gen(function* () {
        const one = yield* Deployments.get("d")
        expect([Deployments.idOf(one), Deployments.stateOf(one), one["ofTomorrow"]]).toEqual(["d", "READY", 1])
        expect(Deployments.replicasOf(one)).toEqual({ wanted: 1, ready: 1, max: 3 })
        const all = yield* Stream.runCollect(Deployments.list({ pageSize: 1 }))
        expect(Chunk.toReadonlyArray(Chunk.map(all, Deployments.idOf))).toEqual(["d", "e"])
        expect((yield* failureOf(Deployments.get("none"))).reason).toBe("NotFound")
      })
    )
  )

  it("reads replica counts and states that are missing, null or unspecified", () => {
    const name = model
    expect(Deployments.replicasOf({ name, replicaCount: 2 })).toEqual({ wanted: 2, ready: undefined, max: undefined })
    expect(Deployments.replicasOf({ name, desiredReplicaCount: 3, replicaCount: 2 }).wanted).toBe(3)
    expect(Deployments.replicasOf({ name, desiredReplicaCount: null, replicaStats: { readyReplicaCount: 4 } })).toEqual(
      {
        wanted: 4,
        ready: 4,
        max: undefined
      }
    )
    expect(Deployments.replicasOf({ name, replicaStats: {} }).ready).toBe(0)
    expect(Deployments.stateOf({ name })).toBe("UNSPECIFIED")
    expect(Deployments.stateOf({ name, state: "STATE_UNSPECIFIED" })).toBe("UNSPECIFIED")
  })
})

describe("scale", () => {
  it.effect("sets the replica count and preserves the other fields", () =>
    against(
      { deployments: { d: { minReplicaCount: 1, maxReplicaCount: 3, fields: { displayName: "mine" } } } },
      (api) =>
        Effect.gen(function* () {
          yield* Deployments.scale("d", 3)
          expect((yield* api.deployments)[0]).toMatchObject({
            replicas: 3,
            minReplicaCount: 1,
            maxReplicaCount: 3,
            fields: { displayName: "mine" }
          })
          expect(yield* requestsOf(api)).toEqual(["PATCH deployments/d:scale"])
        })
    )
  )

  it.effect("retries after a lost response", () =>
    against(
      {
        deployments: { d: { maxReplicaCount: 3 } },
        injections: [{ method: "PATCH", fault: Fault.reset, takesEffect: true }]
      },
      (api) =>
        Effect.gen(function* () {
          yield* within(Deployments.scale("d", 2), "10 seconds")
          expect(yield* scaled(api)).toEqual([{ replicaCount: 2 }, { replicaCount: 2 }])
        })
    )
  )
})

// -------------------------------------------------------------------------------------------------
// setAutoscaling
// -------------------------------------------------------------------------------------------------

const policy = { scaleUpWindow: "30s", scaleDownWindow: "600s", loadTargets: { default: 0.8 } }
const full: Record<string, FireworksServer.DeploymentOptions> = {
  d: { minReplicaCount: 1, maxReplicaCount: 3, fields: { displayName: "mine", autoscalingPolicy: policy } }
}

describe("setAutoscaling", () => {
  it.effect("preserves the rest of the policy on a server that replaces fields outside the mask", () =>
    against({ deployments: full, patch: "replace" }, (api) =>
      Effect.gen(function* () {
        yield* Deployments.setAutoscaling("d", { maxReplicaCount: 5 })
        const deployment = yield* Deployments.setAutoscaling("d", { scaleUpWindow: "1 minute" })
        expect(deployment.autoscalingPolicy).toEqual({ ...policy, scaleUpWindow: "60s" })
        expect((yield* api.deployments)[0]).toMatchObject({
          minReplicaCount: 1,
          maxReplicaCount: 5,
          fields: { displayName: "mine", baseModel: "accounts/fireworks/models/test-model" }
        })
      })
    )
  )

  const sent = (autoscaling: Deployments.Autoscaling) =>
    against({ deployments: { d: { maxReplicaCount: 9 } } }, (api) =>
      Effect.gen(function* () {
        yield* Deployments.setAutoscaling("d", autoscaling)
        const [request] = yield* api.requests
        const mask = new URL(`http://h${request?.path ?? ""}`).searchParams.get("updateMask")
        return [mask, JSON.parse(request?.body ?? "")] as const
      })
    )

  it.effect("sends a mask and a body with exactly the given fields", () =>
    Effect.gen(function* () {
      expect(yield* sent({ minReplicaCount: 0, maxReplicaCount: undefined })).toEqual([
        "min_replica_count",
        { minReplicaCount: 0 }
      ])
      expect(
        yield* sent({
          minReplicaCount: 1,
          maxReplicaCount: 4,
          scaleUpWindow: "1500 millis",
          scaleDownWindow: "1 hour",
          scaleToZeroWindow: "5 minutes",
          loadTargets: { default: 0.5, requests_per_second: 20, concurrent_requests: undefined },
          scalingSchedules: {
            day: {
              minReplicaCount: 2,
              schedule: "0 8 * * 1-5",
              duration: "10 hours",
              timezone: "Europe/Berlin",
              description: undefined
            }
          }
        })
      ).toEqual([
        "min_replica_count,max_replica_count,autoscaling_policy.scale_up_window,autoscaling_policy.scale_down_window," +
          "autoscaling_policy.scale_to_zero_window,autoscaling_policy.load_targets,autoscaling_policy.scaling_schedules",
        {
          minReplicaCount: 1,
          maxReplicaCount: 4,
          autoscalingPolicy: {
            scaleUpWindow: "1.5s",
            scaleDownWindow: "3600s",
            scaleToZeroWindow: "300s",
            loadTargets: { default: 0.5, requests_per_second: 20 },
            scalingSchedules: {
              day: { minReplicaCount: 2, schedule: "0 8 * * 1-5", timezone: "Europe/Berlin", duration: "36000s" }
            }
          }
        }
      ])
    })
  )

  it.effect("changes exactly the given fields, for any subset of fields", () => {
    const all = {
      minReplicaCount: 2,
      maxReplicaCount: 7,
      scaleUpWindow: "45 seconds",
      scaleDownWindow: "20 minutes",
      scaleToZeroWindow: "2 hours",
      loadTargets: { default: 0.4 }
    } as const
    const wire: Readonly<Record<string, unknown>> = {
      minReplicaCount: 2,
      maxReplicaCount: 7,
      scaleUpWindow: "45s",
      scaleDownWindow: "1200s",
      scaleToZeroWindow: "7200s",
      loadTargets: { default: 0.4 }
    }
    const names = [
      "minReplicaCount",
      "maxReplicaCount",
      "scaleUpWindow",
      "scaleDownWindow",
      "scaleToZeroWindow",
      "loadTargets"
    ] as const
    const flat = ({ autoscalingPolicy, ...rest }: Deployments.Deployment) => ({ ...rest, ...autoscalingPolicy })
    return Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.subarray([...names], { minLength: 1 }), (given) =>
          Effect.runPromise(
            against({ deployments: full, patch: "replace" }, () =>
              Effect.gen(function* () {
                const before: Readonly<Record<string, unknown>> = flat(yield* Deployments.get("d"))
                const settings = Object.fromEntries(given.map((name) => [name, all[name]]))
                const after: Readonly<Record<string, unknown>> = flat(yield* Deployments.setAutoscaling("d", settings))
                for (const name of [...names, "displayName", "baseModel"]) {
                  expect(after[name], name).toEqual(given.some((one) => one === name) ? wire[name] : before[name])
                }
              })
            )
          )
        ),
        { numRuns: 30 }
      )
    )
  })

  it("rejects values out of bounds by name", () => {
    const schedule = { minReplicaCount: 1, schedule: "0 8 * * *", duration: "1 hour", timezone: "UTC" } as const
    const bad: ReadonlyArray<readonly [RegExp, Deployments.Autoscaling]> = [
      [/autoscaling is "empty"/, {}],
      [/autoscaling is "empty"/, { minReplicaCount: undefined }],
      [/minReplicaCount is -1/, { minReplicaCount: -1 }],
      [/minReplicaCount is 1.5/, { minReplicaCount: 1.5 }],
      [/maxReplicaCount is 2147483648/, { maxReplicaCount: 2 ** 31 }],
      [/maxReplicaCount is 1; it must be at least minReplicaCount, 2/, { minReplicaCount: 2, maxReplicaCount: 1 }],
      [/scaleUpWindow is 1h 1ms; it must be at most 1h/, { scaleUpWindow: 3_600_001 }],
      [/scaleDownWindow is 2h/, { scaleDownWindow: "2 hours" }],
      [/scaleToZeroWindow is 4m; it must be at least 300000 ms/, { scaleToZeroWindow: "4 minutes" }],
      [/loadTargets.default is 0/, { loadTargets: { default: 0 } }],
      [/loadTargets.requests_per_second is NaN/, { loadTargets: { requests_per_second: Number.NaN } }],
      [/scalingSchedules.day.duration/, { scalingSchedules: { day: { ...schedule, duration: "8 days" } } }],
      [/scalingSchedules.day.duration/, { scalingSchedules: { day: { ...schedule, duration: "1 minute" } } }],
      [
        /scalingSchedules.day.schedule is "hourly"; it must be a cron expression with five fields/,
        { scalingSchedules: { day: { ...schedule, schedule: "hourly" } } }
      ],
      [/scalingSchedules.day.minReplicaCount/, { scalingSchedules: { day: { ...schedule, minReplicaCount: -1 } } }],
      [
        /scalingSchedules is "6 schedules"; it must be at most 5 schedules/,
        { scalingSchedules: Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((name) => [name, schedule])) }
      ]
    ]
    for (const [message, autoscaling] of bad) {
      expect(() => Deployments.setAutoscaling("d", autoscaling)).toThrow(message)
    }
    const good: ReadonlyArray<Deployments.Autoscaling> = [
      { minReplicaCount: 0, maxReplicaCount: 0 },
      { maxReplicaCount: 2 ** 31 - 1 },
      { scalingSchedules: { day: { ...schedule, schedule: " 0  8 * * * " } } },
      { scalingSchedules: Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [name, schedule])) }
    ]
    for (const autoscaling of good) expect(() => Deployments.setAutoscaling("d", autoscaling)).not.toThrow()
    expect(() => Deployments.scale("d", -1)).toThrow(/replicaCount is -1/)
    expect(() => Deployments.list({ pageSize: 0 })).toThrow(/Deployments.list: pageSize is 0/)
  })

  it("ignores undefined load targets, and removes all load targets for an empty record", () => {
    const changeTo = (loadTargets: Deployments.Autoscaling["loadTargets"]) =>
      changeOf("x", { minReplicaCount: 1, loadTargets })
    expect(changeTo({ default: undefined })).toEqual({ mask: "min_replica_count", body: { minReplicaCount: 1 } })
    expect(changeTo({})).toMatchObject({ body: { autoscalingPolicy: { loadTargets: {} } } })
    expect(() => changeOf("x", { loadTargets: { default: undefined } })).toThrow(/at least one field/)
  })

  it.effect("rejects invalid deployment ids before any request", () =>
    against({}, (api) =>
      Effect.gen(function* () {
        const named = yield* failureOf(Deployments.get(model))
        expect(named.message).toContain("pass only the id")
        for (const effect of [
          Deployments.get("a/b"),
          Deployments.scale("../x", 1),
          Deployments.setAutoscaling("", { minReplicaCount: 1 }),
          Deployments.awaitReady("d:scale")
        ]) {
          const error = yield* failureOf(effect)
          expect(error._tag === "Fatal" && error.reason).toBe("InvalidRequest")
        }
        expect(Exit.isFailure(yield* Effect.exit(Deployments.scaleOutOn429("a/b", { maxReplicas: 1 })))).toBe(true)
        expect((yield* api.requests).length).toBe(0)
      })
    )
  )
})

// -------------------------------------------------------------------------------------------------
// awaitReady
// -------------------------------------------------------------------------------------------------

/** Returns the `ApiError` of `awaitReady`, and dies of a `DeploymentFailed`. */
const notReady = (
  effect: Effect.Effect<unknown, ApiError.ApiError | Deployments.DeploymentFailed, Fireworks.Fireworks>
) =>
  Effect.flatMap(failureOf(effect), (error) =>
    error._tag === "DeploymentFailed" ? Effect.die(error) : Effect.succeed(error)
  )

const apiOnly = <A, R>(effect: Effect.Effect<A, ApiError.ApiError | Deployments.DeploymentFailed, R>) =>
  Effect.catchTag(effect, "DeploymentFailed", (error) => Effect.die(error))

describe("awaitReady", () => {
  it.effect("wakes a deployment scaled to zero, and waits until it responds", () =>
    against({ deployments: { d: {} }, startup: "5 minutes", settling: "40 seconds" }, (api) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(apiOnly(Deployments.awaitReady("d")))
        yield* TestClock.adjust("5 minutes")
        // the state is READY all the time, and there is a replica now, but requests do not reach it yet
        expect(Deployments.stateOf(yield* Deployments.get("d"))).toBe("READY")
        expect(fiber.unsafePoll()).toBeNull()
        yield* TestClock.adjust("2 minutes")
        expect(Deployments.replicasOf(yield* joined(fiber)).ready).toBe(1)
        expect((yield* chat).value.choices.length).toBe(1)
        const probe = (yield* api.requests).find(({ method }) => method === "POST")
        expect(JSON.parse(probe?.body ?? "")).toMatchObject({ model, max_tokens: 1 })
      })
    )
  )

  it.effect("returns after one probe if the deployment responds, in any state", () =>
    Effect.forEach(["READY", "CREATING", "UPDATING"] as const, (state) =>
      against({ deployments: { d: { minReplicaCount: 1 } } }, (api) =>
        Effect.gen(function* () {
          if (state !== "CREATING") yield* api.setDeployment("d", { state })
          yield* apiOnly(Deployments.awaitReady("d"))
          expect(yield* requestsOf(api)).toEqual(["GET deployments/d", "POST chat/completions"])
        })
      )
    )
  )

  it.effect("waits for a deployment in the state CREATING", () =>
    scripted(
      ({ method, number }) =>
        method === "GET"
          ? json({ name: model, state: number < 6 ? "CREATING" : "READY" })
          : number < 8
            ? Fault.answer(404)
            : Fault.healthy,
      (client) =>
        Effect.gen(function* () {
          yield* within(apiOnly(Deployments.awaitReady("d")), "3 minutes")
          expect(yield* countOf(client, "GET")).toBeGreaterThan(3)
        })
    )
  )

  it.effect("fails immediately with DeploymentFailed if the deployment has failed, and reports its status", () =>
    scripted(
      json({ name: model, state: "FAILED", status: { code: "INTERNAL", message: `no GPUs for accounts/${account}` } }),
      (client) =>
        Effect.gen(function* () {
          const error = yield* failureOf(Deployments.awaitReady("d"))
          expect(error).toBeInstanceOf(Deployments.DeploymentFailed)
          expect(error.message).toBe("the deployment d has failed (INTERNAL): no GPUs for accounts/[account]")
          expect((yield* client.requests).length).toBe(1)
        })
    )
  )

  it.effect("redacts the key and the account in the status of a failed deployment", () =>
    scripted(
      json({ name: model, state: "FAILED", status: { message: `${account} has no GPUs; rejected ${key}` } }),
      () =>
        Effect.gen(function* () {
          const error = yield* failureOf(Deployments.awaitReady("d"))
          expect(error.message).toBe("the deployment d has failed: [account] has no GPUs; rejected [redacted]")
        })
    )
  )

  it.effect("fails immediately if the deployment is deleted, or if its maxReplicaCount is 0", () =>
    Effect.gen(function* () {
      for (const state of ["DELETING", "DELETED"]) {
        yield* scripted(json({ name: model, state }), () =>
          Effect.gen(function* () {
            const error = yield* notReady(Deployments.awaitReady("d"))
            expect([error.reason, error.detail, error.attempts]).toEqual(["NotFound", `the deployment is ${state}`, 1])
          })
        )
      }
      yield* against({ deployments: { d: { maxReplicaCount: 0 } } }, () =>
        Effect.gen(function* () {
          const error = yield* notReady(Deployments.awaitReady("d"))
          expect([error.reason, error.detail]).toEqual(["PreconditionFailed", "its maxReplicaCount is 0"])
          expect(error.advice).toContain("setAutoscaling")
        })
      )
    })
  )

  it.effect("fails immediately with permanent errors of either request", () =>
    against({ deployments: { d: { minReplicaCount: 1 } } }, (api) =>
      Effect.gen(function* () {
        yield* api.suspend(true)
        expect((yield* notReady(Deployments.awaitReady("d"))).reason).toBe("PreconditionFailed")
        yield* api.suspend(false)
        yield* api.inject({ method: "GET", fault: Fault.answer(401) })
        expect((yield* notReady(Deployments.awaitReady("d"))).reason).toBe("Unauthorized")
        yield* api.inject({ method: "POST", fault: Fault.answer(400) })
        expect((yield* notReady(Deployments.awaitReady("d"))).reason).toBe("BadRequest")
      })
    )
  )

  it.effect("fails at its timeout, and reports the state and the last response", () =>
    against({ deployments: { d: {} }, startup: "1 hour" }, (api) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(notReady(Deployments.awaitReady("d")))
        yield* TestClock.adjust("599 seconds")
        expect(fiber.unsafePoll()).toBeNull()
        yield* TestClock.adjust("1 second")
        const error = yield* joined(fiber)
        expect([error._tag, error.reason, error.phase, error.attempts]).toEqual(["Transient", "Timeout", "deadline", 1])
        expect(error.detail).toBe("the deployment d was READY for 10m, and the last probe failed with ScalingUp")
        expect(error.advice).toContain("raise the option timeout")
        // 600 seconds, with waits that grow from 15 seconds to a minute
        expect(yield* countOf(api, "GET")).toBeGreaterThan(10)
        expect(yield* countOf(api, "GET")).toBeLessThan(25)
      })
    )
  )

  it.effect("fails at its timeout if the probe never responds, with and without an outage before", () =>
    Effect.gen(function* () {
      const silent = { timeout: "10 seconds", interval: "1 second", probe: () => Effect.never } as const
      const ready = json({ name: model, state: "READY" })
      yield* scripted(ready, () =>
        Effect.gen(function* () {
          const fiber = yield* Effect.fork(notReady(Deployments.awaitReady("d", silent)))
          yield* TestClock.adjust("9999 millis")
          expect(fiber.unsafePoll()).toBeNull()
          yield* TestClock.adjust("1 millis")
          expect((yield* joined(fiber)).detail).toContain("READY for 10s, and the last probe failed with Timeout")
        })
      )
      const down = { startup: 0, deployments: { d: {} }, outages: [{ after: 0, lasts: "1 minute" }] } as const
      yield* against(down, () =>
        Effect.gen(function* () {
          const wait = Deployments.awaitReady("d", { ...silent, cap: "1 second", outage: "5 minutes" })
          expect((yield* within(notReady(wait), "75 seconds")).detail).toContain("for 10s")
        })
      )
    })
  )

  it.effect("waits for a deployment without a maxReplicaCount", () =>
    scripted(
      ({ method }) =>
        method === "POST"
          ? Fault.answer(503)
          : json({ name: model, state: "READY", desiredReplicaCount: 0, replicaStats: {} }),
      () =>
        Effect.gen(function* () {
          const error = yield* within(notReady(Deployments.awaitReady("d")), "12 minutes")
          expect([error.reason, error.advice.includes("maxReplicaCount")]).toEqual(["Timeout", true])
        })
    )
  )

  it.effect("survives an outage of the control plane, and fails once `outage` has elapsed", () =>
    against(
      { deployments: { d: {} }, startup: "2 minutes", outages: [{ after: "30 seconds", lasts: "8 minutes" }] },
      () =>
        Effect.gen(function* () {
          const patient = yield* Effect.fork(
            apiOnly(Deployments.awaitReady("d", { timeout: "5 minutes", outage: "9 minutes" }))
          )
          const impatient = yield* Effect.fork(notReady(Deployments.awaitReady("d", { outage: "5 minutes" })))
          yield* TestClock.adjust("12 minutes")
          expect(Deployments.idOf(yield* joined(patient))).toBe("d")
          expect((yield* joined(impatient)).reason).toBe("Unavailable")
        })
    )
  )

  it.effect("aborts a probe that hangs for a minute, and probes again", () =>
    against(
      { deployments: { d: { minReplicaCount: 1 } }, injections: [{ method: "POST", fault: Fault.unanswered }] },
      (api) =>
        Effect.gen(function* () {
          yield* within(apiOnly(Deployments.awaitReady("d")), "2 minutes")
          expect(yield* countOf(api, "POST")).toBe(2)
        })
    )
  )

  it.effect("probes only with the given function", () =>
    against({ deployments: { d: {} }, startup: "3 minutes" }, (api) =>
      Effect.gen(function* () {
        const fireworks = yield* Fireworks.Fireworks
        const probe = (model: string) => fireworks.embeddings({ model, input: "ping" })
        yield* within(apiOnly(Deployments.awaitReady("d", { probe })), "5 minutes")
        expect(yield* countOf(api, "POST embeddings")).toBeGreaterThan(1)
        expect(yield* countOf(api, "POST chat")).toBe(0)
        // each probe has a timeout of its own
        const hangs = Deployments.awaitReady("d", { probe: () => Effect.never, timeout: "5 minutes" })
        expect((yield* within(notReady(hangs), "7 minutes")).detail).toContain("with Timeout")
      })
    )
  )

  it.effect("fails at a deadline, and sends no request after an interruption", () =>
    against({ deployments: { d: {} }, startup: "1 hour" }, (api) =>
      Effect.gen(function* () {
        const late = notReady(Deadline.within(Deployments.awaitReady("d"), "2 minutes"))
        expect((yield* within(late, "2 minutes")).phase).toBe("deadline")
        const fiber = yield* Effect.fork(Deployments.awaitReady("d"))
        yield* TestClock.adjust("1 minute")
        yield* Fiber.interrupt(fiber)
        const before = (yield* api.requests).length
        yield* TestClock.adjust("5 minutes")
        expect((yield* api.requests).length).toBe(before)
      })
    )
  )

  it("rejects invalid options by name", () => {
    expect(() => Deployments.awaitReady("d", { timeout: "-1 second" })).toThrow(/Deployments.awaitReady: timeout/)
    expect(() => Deployments.awaitReady("d", { interval: 0 })).toThrow(/Deployments.awaitReady: interval/)
    expect(() => Deployments.awaitReady("d", { outage: Number.NaN })).toThrow(/outage/)
    expect(() => Deployments.awaitReady("d", { jitter: 1 })).toThrow(/jitter/)
  })
})
