import { HttpClient } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Duration, Effect, Either, Exit, FastCheck as fc, Logger, Scope, TestClock } from "effect"
import { ApiError, Deadline, Retry, Workload } from "effect-reliability"
import { Deployments } from "effect-reliability/fireworks"
import { Fault, FireworksServer } from "effect-reliability/testing"
import { expect } from "vitest"
import type { Outcome as ScalingOutcome } from "../../../src/fireworks/internal/deployments/model.js"
import * as Scaling from "../../../src/fireworks/internal/deployments/scaling.js"
import {
  account,
  against,
  chat,
  countOf,
  failureOf,
  json,
  model,
  over,
  requestsOf,
  scaled,
  scripted,
  within
} from "../../support/deployments.js"

// -------------------------------------------------------------------------------------------------
// The pure algorithm
// -------------------------------------------------------------------------------------------------

const second = 1000
const minute = 60 * second

const settings: Scaling.Settings = {
  maxReplicas: 5,
  step: 1,
  errors: 10,
  within: minute,
  every: 10 * minute,
  pause: minute
}

/** Records an error at each of the times, and returns the time at which the deployment is looked up. */
const looksAt = (times: ReadonlyArray<number>): number | undefined => {
  let state = Scaling.idle
  for (const at of times) {
    const [next, step] = Scaling.afterCapacity(state, at, settings)
    state = next
    if (step === "Look") return at
  }
  return undefined
}

const every = (millis: number, until: number): ReadonlyArray<number> =>
  Array.from({ length: Math.floor(until / millis) }, (_, n) => n * millis)

const capacity = new ApiError.RateLimit({ reason: "Capacity", delivery: "Acknowledged", status: 429 })
const lost = new ApiError.Transient({ reason: "ConnectionLost", delivery: "Unconfirmed", attempts: 1 })
const down = new ApiError.Transient({ reason: "Connect", delivery: "NotSent", attempts: 1 })

describe("Scaling.afterCapacity", () => {
  it("looks the deployment up after enough errors, spread over each quarter of the window", () => {
    expect(looksAt(every(second, 5 * minute))).toBe(45 * second)
    expect(looksAt(every(6 * second, 5 * minute))).toBe(54 * second)
  })

  it("ignores errors that are too rare", () => {
    expect(looksAt(every(7 * second, 60 * minute))).toBeUndefined()
  })

  it("ignores bursts of errors of any size", () => {
    const burst = (at: number) => Array.from({ length: 5000 }, (_, n) => at + n)
    expect(looksAt(burst(0))).toBeUndefined()
    expect(looksAt([0, 30, 60, 90].flatMap((at) => burst(at * second)))).toBeUndefined()
  })

  it("does not look the deployment up too early when the clock goes back", () => {
    const back = every(second, 30 * second).map((at) => (at % 2000 === 0 ? at : 0))
    expect(looksAt(back)).toBeUndefined()
  })
})

describe("Scaling.afterLook, after a raise in doubt", () => {
  it("requests at most one step above the current count if the deployment has been scaled in since", () => {
    const doubtful = Scaling.afterScale(Scaling.idle, 0, { from: 7, to: 8 }, Either.left(lost), settings)[0]
    const seen = Either.right({ wanted: 2, ready: 2, max: 10 })
    const [, next] = Scaling.afterLook(doubtful, minute, seen, { ...settings, maxReplicas: 10, step: 1 })
    expect(next).toMatchObject({ raise: { from: 2, to: 3 } })
  })
})

describe("Scaling decisions", () => {
  const own = { ...settings, maxReplicas: 4, step: 2 }
  const asking = { ...Scaling.idle, counts: [1, 2, 3], isAsking: true }
  const look = (state: Scaling.Scaling, now: number, replicas: Partial<Scaling.Replicas>) =>
    Scaling.afterLook(state, now, Either.right({ wanted: 2, ready: 2, max: undefined, ...replicas }), own)
  const rested = (heldUntil: number, outcome: ScalingOutcome, change: Partial<Scaling.Scaling> = {}) => [
    { ...asking, isAsking: false, heldUntil, ...change },
    { _tag: "Rest", outcome }
  ]
  const doubt = { from: 2, to: 3, at: 100 }
  const scale = (from: number, to: number) => ({ _tag: "Scale", raise: { from, to } })

  it("raises the replicas by one step, up to each bound", () => {
    expect(look(asking, 0, {})).toEqual([asking, scale(2, 4)])
    expect(look(asking, 0, { ready: undefined })).toEqual([asking, scale(2, 4)])
    expect(look(asking, 0, { wanted: 1, ready: 1 })[1]).toEqual(scale(1, 3))
    expect(look(asking, 0, { max: 3 })[1]).toEqual(scale(2, 3))
    expect(look(asking, 5, { max: 2 })).toEqual(
      rested(5 + own.every, { _tag: "AtBound", replicas: 2, bound: "maxReplicaCount" })
    )
    for (const max of [undefined, 4, 5]) {
      expect(look(asking, 5, { wanted: 4, ready: 4, max })).toEqual(
        rested(5 + own.every, { _tag: "AtBound", replicas: 4, bound: "maxReplicas" })
      )
    }
  })

  it("waits for replicas that are starting, and resets the error counts once they are ready", () => {
    const [settling, next] = look(asking, 5, { ready: 1 })
    expect([settling, next]).toEqual(
      rested(5 + own.pause, { _tag: "NotReady", replicas: 2, ready: 1 }, { isSettling: true })
    )
    expect(look(settling, 9, {})).toEqual(
      rested(9, { _tag: "Ready", replicas: 2 }, { isSettling: false, counts: Scaling.idle.counts })
    )
  })

  it("accepts a raise in doubt once the count shows it, and requests nothing higher within `every`", () => {
    const doubtful = { ...asking, doubt }
    const done = rested(100 + own.every, { _tag: "Raised", from: 2, to: 3 }, { isSettling: true, doubt: undefined })
    expect(look(doubtful, 200, { wanted: 3, ready: 1 })).toEqual(done)
    expect(look(doubtful, 200, {})[1]).toEqual(scale(2, 3))
    expect(look(doubtful, 99 + own.every, {})[1]).toEqual(scale(2, 3))
    expect(look(doubtful, 100 + own.every, {})[1]).toEqual(scale(2, 4))
    expect(look(doubtful, 100 + own.every, { wanted: 3, ready: 3 })[1]).toEqual(scale(3, 4))
  })

  it("pauses after a failure for the server hint, and at least for `pause`", () => {
    const wait = (retryAfter: Duration.Duration | undefined) => {
      const error = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", retryAfter })
      const after = Scaling.afterLook(asking, 5, Either.left(error), own)
      expect(after).toEqual(rested(after[0].heldUntil, { _tag: "Failed", call: "get", error }))
      return after[0].heldUntil - 5
    }
    expect([undefined, Duration.seconds(1), Duration.hours(1)].map(wait)).toEqual([own.pause, own.pause, 60 * minute])
  })

  it("records a raise in doubt only after a lost response", () => {
    const raise = { from: 2, to: 3 }
    const after = (result: Either.Either<unknown, ApiError.ApiError>, state = asking) =>
      Scaling.afterScale(state, 5, raise, result, own)
    const raised = { _tag: "Raised", ...raise }
    expect(after(Either.void, { ...asking, doubt })).toEqual([
      { ...asking, isAsking: false, heldUntil: 5 + own.every, isSettling: true, doubt: undefined },
      raised
    ])
    const fatal = new ApiError.Fatal({ reason: "Aborted", delivery: "Unconfirmed" })
    const failed = (error: ApiError.ApiError, doubt: Scaling.Scaling["doubt"]) => [
      { ...asking, isAsking: false, heldUntil: 5 + own.pause, doubt },
      { _tag: "Failed", call: "scale", error }
    ]
    expect(after(Either.left(lost))).toEqual(failed(lost, { ...raise, at: 5 }))
    for (const error of [down, fatal]) {
      expect(after(Either.left(error))).toEqual(failed(error, undefined))
      expect(after(Either.left(error), { ...asking, doubt })).toEqual(failed(error, doubt))
    }
  })

  it("resumes lookups exactly when the hold ends, by one caller only", () => {
    let state: Scaling.Scaling = { ...Scaling.idle, heldUntil: 59 * second }
    const steps = every(second, minute).map((at) => {
      const [next, step] = Scaling.afterCapacity(state, at, settings)
      state = next
      return step
    })
    // only the first of the callers looks the deployment up
    expect(steps).toEqual([...every(second, 59 * second).map(() => "Nothing"), "Look"])
    expect(state.isAsking).toBe(true)
    expect(Scaling.afterCapacity(state, minute, settings)[1]).toBe("Nothing")
    // the errors of the first slot have expired by then
    expect([59, 60].map((at) => Scaling.errorsOf(Scaling.afterCapacity(state, at * second, settings)[0]))).toEqual([
      61, 56
    ])
  })

  it("describes each decision in words", () => {
    const words = [
      { _tag: "Raised", from: 1, to: 2 } as const,
      { _tag: "WouldRaise", from: 1, to: 2 } as const,
      { _tag: "AtBound", replicas: 2, bound: "maxReplicas" } as const,
      { _tag: "NotReady", replicas: 2, ready: 1 } as const,
      { _tag: "Ready", replicas: 2 } as const,
      { _tag: "Failed", call: "get", error: down } as const
    ].map((decision) => Scaling.wordsOf({ at: 0, errors: 10, ...decision }))
    expect(words).toEqual([
      "raised the replicas from 1 to 2",
      "would raise the replicas from 1 to 2 (a dry run)",
      "the deployment has 2 replicas, the most that maxReplicas allows",
      "1 of 2 replicas are ready",
      "all 2 replicas are ready",
      `could not get the deployment: ${down.message}`
    ])
  })
})

const anyEvent = fc.oneof(
  // errors of many callers, one after another
  { weight: 8, arbitrary: fc.record({ errors: fc.constantFrom(1, 3, 40), for: fc.integer({ min: 1, max: 150 }) }) },
  { weight: 3, arbitrary: fc.record({ errors: fc.constant(0), for: fc.integer({ min: 1, max: 900 }) }) }
)

const anyAnswer = fc.constantFrom("good", "good", "good", "lost after", "lost before", "down")

const drawn = <A>(stream: fc.Stream<A>): A => {
  const next = stream.next()
  if (next.done === true) throw new Error("the stream ended")
  return next.value
}

describe("Scaling, under random histories", () => {
  it("raises within the bounds, at most once per `every`, after sustained errors and with all replicas ready", () => {
    let raises = 0
    fc.assert(
      fc.property(
        fc.array(anyEvent, { maxLength: 40 }),
        fc.infiniteStream(anyAnswer),
        // seconds until a replica is ready
        fc.infiniteStream(fc.constantFrom(0, 30, 300, 900)),
        fc.record({
          maxReplicas: fc.integer({ min: 1, max: 6 }),
          step: fc.integer({ min: 1, max: 3 }),
          max: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
          every: fc.constantFrom(minute, 3 * minute, 10 * minute)
        }),
        (events, answers, startups, { every, max, maxReplicas, step }) => {
          const own = { ...settings, maxReplicas, step, every }
          const bound = Math.min(maxReplicas, max ?? Infinity)
          let state = Scaling.idle
          let now = 0
          let ready: ReadonlyArray<number> = [0]
          let raisedAt = -Infinity
          const seen: Array<number> = []
          /** Sets the replicas at the control plane, after checks of the invariants. */
          const scaleTo = (to: number) => {
            const wanted = ready.length
            if (to === wanted) return
            expect(to).toBeGreaterThan(wanted)
            expect(to).toBeLessThanOrEqual(Math.max(bound, wanted))
            expect(to - wanted).toBeLessThanOrEqual(step)
            expect(now - raisedAt).toBeGreaterThanOrEqual(every)
            expect(ready.every((at) => at <= now)).toBe(true)
            const recent = seen.filter((at) => at > now - minute - 5 * second)
            expect(recent.length).toBeGreaterThanOrEqual(own.errors)
            expect(now - Math.min(...recent)).toBeGreaterThanOrEqual(40 * second)
            raises++
            raisedAt = now
            const startup = drawn(startups)
            const added = Array.from({ length: to - wanted }, () => now + startup * second)
            ready = [...ready, ...added]
          }
          const ask = () => {
            now += 50
            const answer = drawn(answers)
            const replicas = { wanted: ready.length, ready: ready.filter((at) => at <= now).length, max }
            const [looked, next] = Scaling.afterLook(
              state,
              now,
              answer === "down" ? Either.left(down) : Either.right(replicas),
              own
            )
            state = looked
            if (next._tag === "Rest") return
            // no other caller looks the deployment up meanwhile
            expect(Scaling.afterCapacity(state, now, own)[1]).toBe("Nothing")
            now += 50
            if (answer === "good" || answer === "lost after") scaleTo(next.raise.to)
            const result = answer === "good" ? Either.void : Either.left(answer === "lost after" ? lost : down)
            const [after] = Scaling.afterScale(state, now, next.raise, result, own)
            state = after
          }
          for (const event of events) {
            for (let n = 0; n < event.for; n++) {
              now += second
              for (let error = 0; error < event.errors; error++) {
                seen.push(now)
                const [next, step] = Scaling.afterCapacity(state, now, own)
                state = next
                if (step === "Look") ask()
              }
            }
          }
        }
      ),
      { numRuns: 150 }
    )
    // the property holds for enough raises
    expect(raises).toBeGreaterThan(20)
  })
})

// -------------------------------------------------------------------------------------------------
// scaleOutOn429
// -------------------------------------------------------------------------------------------------

const tagsOf = (scaleOut: Deployments.ScaleOut) =>
  Effect.map(scaleOut.decisions, (decisions) => decisions.map(({ _tag }) => _tag))

/** Reports an error of each of the callers every five seconds. */
const saturated = (scaleOut: Deployments.ScaleOut, seconds: number, callers = 1) =>
  Effect.repeatN(
    Effect.zipRight(
      Effect.all(
        Array.from({ length: callers }, () => scaleOut.observe(capacity)),
        { concurrency: "unbounded", discard: true }
      ),
      TestClock.adjust("5 seconds")
    ),
    seconds / 5 - 1
  )

const roomy = { d: { minReplicaCount: 1, maxReplicaCount: 9 } } as const

describe("scaleOutOn429", () => {
  it.effect("scales a saturated deployment out until its 429s end, within the bounds", () =>
    against({ deployments: roomy, capacity: 2, saturated: "capacity", startup: "3 minutes" }, (api) =>
      Effect.gen(function* () {
        const scaleOut = yield* Deployments.scaleOutOn429("d", { maxReplicas: 4, every: "6 minutes" })
        const once = Workload.with(Workload.interactive, { retry: Retry.make({ attempts: 1 }) })
        // six calls at a time; a replica accepts two
        const load = Effect.gen(function* () {
          const answers = yield* Effect.replicateEffect(Effect.either(scaleOut.watch(Workload.within(chat, once))), 6)
          yield* TestClock.adjust("10 seconds")
          return answers.filter(Either.isLeft).length
        })
        const refused = yield* Effect.replicateEffect(load, (12 * 60) / 10)
        expect(refused.slice(0, 6)).toEqual(Array.from({ length: 6 }, () => 4))
        expect(refused.slice(-6)).toEqual(Array.from({ length: 6 }, () => 0))
        expect(yield* scaled(api)).toEqual([{ replicaCount: 2 }, { replicaCount: 3 }])
        expect((yield* api.deployments)[0]?.readyReplicas).toBe(3)
        const decisions = yield* scaleOut.decisions
        expect(decisions.map(({ _tag }) => _tag)).toEqual(["Raised", "Ready", "Raised"])
        expect(decisions[0]).toMatchObject({ from: 1, to: 2, at: 50 * second, errors: 21 })
      })
    )
  )

  it.effect("sends one GET and one PATCH for a thousand callers", () =>
    against({ deployments: roomy }, (api) =>
      Effect.gen(function* () {
        const scaleOut = yield* Deployments.scaleOutOn429("d", { maxReplicas: 9 })
        yield* saturated(scaleOut, 90, 1000)
        expect(yield* requestsOf(api)).toEqual(["GET deployments/d", "PATCH deployments/d:scale"])
        expect(yield* scaled(api)).toEqual([{ replicaCount: 2 }])
      })
    )
  )

  it.effect("counts only capacity errors", () =>
    against({ deployments: roomy }, (api) =>
      Effect.gen(function* () {
        const scaleOut = yield* Deployments.scaleOutOn429("d", { maxReplicas: 9 })
        const others = [
          new ApiError.RateLimit({ reason: "RateExceeded", delivery: "Acknowledged" }),
          new ApiError.RateLimit({ reason: "Overloaded", delivery: "Acknowledged" }),
          new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged" }),
          new ApiError.Fatal({ reason: "QuotaExhausted", delivery: "Acknowledged" })
        ]
        for (let n = 0; n < 90; n++) {
          yield* Effect.forEach(others, scaleOut.observe)
          yield* Effect.ignore(scaleOut.watch(Effect.fail(null)))
          yield* TestClock.adjust("1 second")
        }
        expect(yield* requestsOf(api)).toEqual([])
      })
    )
  )

  it.effect("watches effects and preserves their results and errors", () =>
    against({ deployments: roomy }, (api) =>
      Effect.gen(function* () {
        const scaleOut = yield* Deployments.scaleOutOn429("d", { maxReplicas: 9 })
        expect(yield* scaleOut.watch(Effect.succeed(7))).toBe(7)
        for (let n = 0; n < 60; n++) {
          expect(yield* failureOf(scaleOut.watch(Effect.fail(capacity)))).toBe(capacity)
          yield* TestClock.adjust("1 second")
        }
        expect(yield* countOf(api, "PATCH")).toBe(1)
      })
    )
  )

  it.effect("raises by `step` up to maxReplicas or the deployment's maxReplicaCount, and reports the bound", () =>
    Effect.forEach(
      [
        { maxReplicas: 2, max: 9, bound: "maxReplicas", to: 2 },
        { maxReplicas: 9, max: 3, bound: "maxReplicaCount", to: 3 }
      ],
      ({ bound, max, maxReplicas, to }) =>
        against({ deployments: { d: { minReplicaCount: 1, maxReplicaCount: max } }, startup: "1 minute" }, (api) =>
          Effect.gen(function* () {
            const scaleOut = yield* Deployments.scaleOutOn429("d", { maxReplicas, step: 3, every: "2 minutes" })
            yield* saturated(scaleOut, 7 * 60)
            expect(yield* scaled(api)).toEqual([{ replicaCount: to }])
            // a bound does not make the lookups more frequent
            expect(yield* tagsOf(scaleOut)).toEqual(["Raised", "Ready", "AtBound", "AtBound"])
            expect((yield* scaleOut.decisions)[2]).toMatchObject({ replicas: to, bound })
          })
        )
    )
  )

  it.effect("sends no further raise while replicas start, and resets the error counts once they are ready", () =>
    against({ deployments: roomy, startup: "14 minutes" }, (api) =>
      Effect.gen(function* () {
        const scaleOut = yield* Deployments.scaleOutOn429("d", { maxReplicas: 9, every: "2 minutes" })
        yield* saturated(scaleOut, 14 * 60)
        expect(yield* countOf(api, "PATCH")).toBe(1)
        expect(new Set(yield* tagsOf(scaleOut))).toEqual(new Set(["Raised", "NotReady"]))
        yield* saturated(scaleOut, 3 * 60)
        expect((yield* tagsOf(scaleOut)).slice(-2)).toEqual(["Ready", "Raised"])
        const [ready, raised] = (yield* scaleOut.decisions).slice(-2)
        expect((raised?.at ?? 0) - (ready?.at ?? 0)).toBeGreaterThanOrEqual(40 * second)
      })
    )
  )

  it.effect("sends no PATCH in a dry run, and reports the decision", () =>
    against({ deployments: roomy }, (api) =>
      Effect.gen(function* () {
        const lines: Array<string> = []
        const logger = Logger.make(({ message }) => void lines.push(String(message)))
        yield* Effect.gen(function* () {
          const scaleOut = yield* Deployments.scaleOutOn429("d", { maxReplicas: 9, dryRun: true })
          yield* saturated(scaleOut, 120)
          expect(yield* requestsOf(api)).toEqual(["GET deployments/d"])
          expect(yield* scaleOut.decisions).toMatchObject([{ _tag: "WouldRaise", from: 1, to: 2 }])
        }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
        expect(lines).toEqual([
          "scale-out of d after 10 capacity errors: would raise the replicas from 1 to 2 (a dry run)"
        ])
      })
    )
  )

  it.effect("reports failures of the control plane as decisions, and retries after `pause`", () =>
    against({ deployments: roomy, outages: [{ lasts: "5 minutes" }] }, (api) =>
      Effect.gen(function* () {
        const scaleOut = yield* Deployments.scaleOutOn429("d", { maxReplicas: 9, pause: "90 seconds" })
        yield* saturated(scaleOut, 4 * 60)
        const failures = yield* scaleOut.decisions
        expect(failures).toMatchObject([
          { _tag: "Failed", call: "get", at: 45 * second },
          { _tag: "Failed", call: "get", at: 135 * second },
          { _tag: "Failed", call: "get", at: 225 * second }
        ])
        expect((yield* api.requests).length).toBe(3)
        yield* saturated(scaleOut, 3 * 60)
        expect((yield* tagsOf(scaleOut)).at(-1)).toBe("Raised")
      })
    )
  )

  it.effect("does not delay callers while the control plane does not respond", () =>
    against({ deployments: roomy, outages: [{ lasts: "1 hour", fault: Fault.unanswered }] }, () =>
      Effect.gen(function* () {
        const scaleOut = yield* Deployments.scaleOutOn429("d", { maxReplicas: 9 })
        yield* saturated(scaleOut, 50)
        const fiber = yield* Effect.fork(scaleOut.observe(capacity))
        yield* TestClock.adjust(0)
        expect(fiber.unsafePoll()).not.toBeNull()
        expect(yield* tagsOf(scaleOut)).toEqual([])
        yield* TestClock.adjust("25 seconds")
        expect(yield* tagsOf(scaleOut)).toEqual(["Failed"])
      })
    )
  )

  it.effect("requests the same replica count again after a lost response", () =>
    Effect.forEach([true, false], (takesEffect) =>
      against(
        {
          deployments: roomy,
          startup: 0,
          injections: [{ method: "PATCH", fault: Fault.answer(504), takesEffect }]
        },
        (api) =>
          Effect.gen(function* () {
            const scaleOut = yield* Deployments.scaleOutOn429("d", { maxReplicas: 9 })
            yield* saturated(scaleOut, 9 * 60)
            expect((yield* api.deployments)[0]?.replicas).toBe(2)
            expect(yield* tagsOf(scaleOut)).toEqual(["Failed", "Raised"])
            expect(new Set((yield* scaled(api)).map((body) => JSON.stringify(body)))).toEqual(
              new Set([JSON.stringify({ replicaCount: 2 })])
            )
            expect((yield* scaled(api)).length).toBe(takesEffect ? 1 : 2)
          })
      )
    )
  )

  it.effect("does not scale a deployment that is missing, failed, being deleted, or without replica counts", () =>
    Effect.forEach(
      [
        json({ name: model, state: "READY" }),
        json({ name: model, state: "FAILED", replicaCount: 1 }),
        json({ name: model, state: "DELETING", replicaCount: 1 }),
        json({ name: 7 }),
        Fault.answer(404),
        Fault.invalidJson
      ],
      (answer) =>
        scripted(answer, (client) =>
          Effect.gen(function* () {
            const scaleOut = yield* Deployments.scaleOutOn429("d", { maxReplicas: 9 })
            yield* saturated(scaleOut, 80)
            expect(yield* requestsOf(client)).toEqual(["GET deployments/d"])
            expect(yield* tagsOf(scaleOut)).toEqual(["Failed"])
          })
        )
    )
  )

  it.effect("calls onDecision in the background, even if it dies or never ends", () =>
    against({ deployments: roomy, startup: "1 minute" }, (api) =>
      Effect.gen(function* () {
        const reported: Array<string> = []
        const scaleOut = yield* Deployments.scaleOutOn429("d", {
          maxReplicas: 9,
          every: "2 minutes",
          onDecision: (decision) => {
            reported.push(decision._tag)
            if (reported.length === 1) throw new Error("a bug")
            return reported.length === 2 ? Effect.never : Effect.die("another")
          }
        })
        yield* saturated(scaleOut, 5 * 60)
        expect(reported).toEqual(["Raised", "Ready", "Raised"])
        expect(yield* countOf(api, "PATCH")).toBe(2)
      })
    )
  )

  it.effect("continues after a defect of the client", () =>
    Effect.gen(function* () {
      let calls = 0
      const server = yield* FireworksServer.inMemory({ account, deployments: roomy })
      const client = HttpClient.make((request) =>
        calls++ === 0 ? Effect.die(new Error("a bug")) : server.client.execute(request)
      )
      yield* Effect.gen(function* () {
        const scaleOut = yield* Deployments.scaleOutOn429("d", { maxReplicas: 9 })
        yield* saturated(scaleOut, 180)
        expect(yield* tagsOf(scaleOut)).toEqual(["Failed", "Raised"])
      }).pipe(Effect.scoped, Effect.provide(over(client)))
    })
  )

  it.effect("ends with its scope during a lookup, and sends nothing afterwards", () =>
    against({ deployments: roomy, outages: [{ lasts: "1 hour", fault: Fault.unanswered }] }, (api) =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const scaleOut = yield* Scope.extend(Deployments.scaleOutOn429("d", { maxReplicas: 9 }), scope)
        yield* saturated(scaleOut, 50)
        expect((yield* api.requests).length).toBe(1)
        yield* Scope.close(scope, Exit.void)
        yield* saturated(scaleOut, 200)
        expect((yield* api.requests).length).toBe(1)
        expect(yield* scaleOut.decisions).toEqual([])
      })
    )
  )

  it.effect("ends with its scope even if it was started in an uninterruptible region", () =>
    against({ deployments: roomy }, () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const begun = Effect.uninterruptible(Deployments.scaleOutOn429("d", { maxReplicas: 2 }))
        yield* Scope.extend(begun, scope)
        yield* TestClock.adjust("1 minute")
        yield* within(Scope.close(scope, Exit.void), "1 second")
      })
    )
  )

  it.effect("ignores the deadline and the workload of its creator and of the reported calls", () =>
    against(
      {
        deployments: roomy,
        injections: [{ method: "GET", fault: Fault.stall("10 seconds", json({ name: model, replicaCount: 1 })) }]
      },
      (api) =>
        Effect.gen(function* () {
          const made = Deployments.scaleOutOn429("d", { maxReplicas: 9 })
          const scaleOut = yield* made.pipe(Deadline.within("1 second"), Workload.within(Workload.interactive))
          for (let n = 0; n < 50; n++) {
            yield* scaleOut
              .observe(capacity)
              .pipe(Deadline.within("1 second"), Effect.timeout("1 second"), Effect.orDie)
            yield* TestClock.adjust("1 second")
          }
          yield* TestClock.adjust("20 seconds")
          expect(yield* tagsOf(scaleOut)).toEqual(["Raised"])
          expect(yield* countOf(api, "PATCH")).toBe(1)
        })
    )
  )

  it("rejects invalid options by name", () => {
    const make = (options: Partial<Deployments.ScaleOutOptions>) => () =>
      Deployments.scaleOutOn429("d", { maxReplicas: 2, ...options })
    expect(make({ maxReplicas: 0 })).toThrow(/Deployments.scaleOutOn429: maxReplicas is 0/)
    expect(make({ maxReplicas: Infinity })).toThrow(/maxReplicas is Infinity/)
    expect(make({ step: 0.5 })).toThrow(/step is 0.5/)
    expect(make({ after: { errors: 0 } })).toThrow(/after.errors is 0/)
    expect(make({ after: { within: 10 } })).toThrow(/after.within is 10ms/)
    expect(make({ every: "30 seconds" })).toThrow(/every is 30s; it must be at least after.within, 1m/)
    expect(make({ pause: 0 })).toThrow(/pause/)
    expect(make({ after: { within: "20 minutes" } })).not.toThrow()
  })
})
