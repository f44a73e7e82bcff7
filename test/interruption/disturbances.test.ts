import { it } from "@effect/vitest"
import { Duration, Effect, Fiber, Option } from "effect"
import type { ApiError } from "effect-reliability"
import { Deadline, Reliability, Retry, RetryBudget, Workload } from "effect-reliability"
import { afterEach, describe, expect, vi } from "vitest"
import {
  clocks,
  failed,
  fatal,
  finish,
  manual,
  type Note,
  nothing,
  pass,
  retry,
  shape,
  transient,
  workload
} from "../support/interruption.js"

afterEach(() => void vi.useRealTimers())

// -------------------------------------------------------------------------------------------------
// Clocks that jump
// -------------------------------------------------------------------------------------------------

describe("a wall clock that jumps", () => {
  const hour = Duration.toMillis("1 hour")

  const jumps: Record<string, ReadonlyArray<readonly [at: number, millis: number]>> = {
    "not at all": [],
    "an hour forward in the first wait": [[500, hour]],
    "an hour back in the first wait": [[500, -hour]],
    "an hour forward later": [[5500, hour]],
    "an hour back later": [[5500, -hour]],
    "forward, and back, and back again": [
      [500, hour],
      [1500, -hour],
      [2000, -hour],
      [5500, hour],
      [9500, hour]
    ]
  }

  const late = workload({ timeouts: { attempt: "4 seconds" }, deadline: "11 seconds", retry: retry(3) })

  const sampled = (note: Note) =>
    Effect.gen(function* () {
      for (let second = 0; second < 5; second++) {
        yield* note(Option.map(yield* Deadline.remaining, (left) => Math.round(Duration.toMillis(left))))
        yield* Effect.sleep("1 second")
      }
    })

  const left = (millis: number) => Option.some(millis)

  interface Scenario {
    readonly effect: (note: Note) => Effect.Effect<unknown, unknown>
    readonly expected: ReadonlyArray<readonly [at: number, event: unknown]>
  }

  const timedOut = (phase: ApiError.Phase, attempts: number) =>
    failed(expect.objectContaining({ reason: "Timeout", phase, attempts }))

  const unavailable = (attempts: number) => failed(expect.objectContaining({ reason: "Unavailable", attempts }))

  const scenarios: Record<string, Scenario> = {
    "waits of Reliability.protect": {
      effect: (note) => Reliability.protect(Effect.zipRight(note("attempt"), transient()), late),
      expected: [
        [0, "attempt"],
        [1000, "attempt"],
        [3000, "attempt"],
        [3000, unavailable(3)]
      ]
    },
    "waits of Retry.retry": {
      effect: (note) => Retry.retry(Effect.zipRight(note("attempt"), transient()), retry(3)),
      expected: [
        [0, "attempt"],
        [1000, "attempt"],
        [3000, "attempt"],
        [3000, unavailable(3)]
      ]
    },
    "waits that the server asked for": {
      effect: (note) =>
        Reliability.protect(Effect.zipRight(note("attempt"), transient({ retryAfter: Duration.seconds(4) })), late),
      expected: [
        [0, "attempt"],
        [4000, "attempt"],
        [8000, "attempt"],
        [8000, unavailable(3)]
      ]
    },
    "the attempt's limit and the deadline of Reliability.protect": {
      effect: (note) =>
        Reliability.protect(Effect.zipRight(note("attempt"), nothing), Workload.with(late, { deadline: "8 seconds" })),
      expected: [
        [0, "attempt"],
        [5000, "attempt"],
        [8000, timedOut("deadline", 2)]
      ]
    },
    "the limits that a leaf receives": {
      effect: (note) =>
        Reliability.leaf(late, ({ millis, phase }) =>
          Effect.zipRight(note([Math.round(millis), phase]), Effect.zipRight(Effect.sleep("4 seconds"), transient()))
        ),
      expected: [
        [0, [4000, "attempt"]],
        [5000, [4000, "attempt"]],
        [9000, unavailable(2)]
      ]
    },
    "Workload.timeout": {
      effect: () => Workload.timeout(nothing, late),
      expected: [[4000, timedOut("attempt", 0)]]
    },
    "Deadline.within": {
      effect: () => Deadline.within(nothing, "7 seconds"),
      expected: [[7000, timedOut("deadline", 0)]]
    },
    "Deadline.remaining": {
      effect: (note) => Deadline.within(sampled(note), "4 seconds"),
      expected: [
        [0, left(4000)],
        [1000, left(3000)],
        [2000, left(2000)],
        [3000, left(1000)],
        [4000, timedOut("deadline", 0)]
      ]
    },
    "Deadline.remaining within an attempt": {
      effect: (note) =>
        Reliability.protect(
          Effect.zipRight(sampled(note), Effect.succeed("done")),
          Workload.with(late, { timeouts: { attempt: "11 seconds" } })
        ),
      expected: [
        [0, left(11_000)],
        [1000, left(10_000)],
        [2000, left(9000)],
        [3000, left(8000)],
        [4000, left(7000)],
        [5000, { value: "done" }]
      ]
    },
    "what a budget saves up": {
      effect: (note) =>
        Effect.gen(function* () {
          const budget = yield* RetryBudget.make({ minPerSecond: 1, max: 3 })
          yield* Effect.replicateEffect(budget.withdraw, 3)
          for (let second = 0; second < 3; second++) {
            yield* note(yield* budget.available)
            yield* Effect.sleep("1 second")
          }
        }),
      expected: [
        [0, 0],
        [1000, 1],
        [2000, 2],
        [3000, { value: undefined }]
      ]
    }
  }

  for (const [clock, makeTime] of clocks) {
    for (const [title, { effect, expected }] of Object.entries(scenarios)) {
      for (const [when, jumping] of Object.entries(jumps)) {
        it(`changes nothing about ${title}, on ${clock}: ${when}`, async () => {
          const time = makeTime()
          const notes: Array<readonly [at: number, event: unknown]> = []
          const note: Note = (event) => Effect.sync(() => void notes.push([Math.round(time.now()), event]))
          const fiber = Effect.runFork(
            time.provide(Effect.flatMap(Effect.exit(effect(note)), (exit) => note(shape(exit))))
          )
          for (const [at, millis] of jumping) {
            await pass(time, at - time.now())
            time.jump(millis)
          }
          await finish(time, fiber)
          expect(notes).toEqual(expected)
        })
      }
    }
  }
})

// -------------------------------------------------------------------------------------------------
// Observers that misbehave
// -------------------------------------------------------------------------------------------------

describe("an observer", () => {
  type Observer = () => Effect.Effect<unknown, unknown>

  const observers: Record<string, Observer> = {
    "does nothing": () => Effect.void,
    fails: () => Effect.fail("observer"),
    dies: () => Effect.die("observer"),
    "interrupts itself": () => Effect.interrupt,
    hangs: () => Effect.async<never>(() => {}),
    "hangs, uninterruptible": () => Effect.uninterruptible(Effect.async<never>(() => {})),
    "throws before it is an effect": () => {
      throw new Error("observer")
    },
    "is slow": () => Effect.sleep("1 hour"),
    "fails after a while": () => Effect.zipRight(Effect.sleep("1 second"), Effect.fail("observer")),
    "interrupts who runs it": () => Effect.withFiberRuntime((fiber) => Fiber.interrupt(fiber))
  }

  const patient = workload({ timeouts: { attempt: "4 seconds" }, deadline: "8 seconds" })

  interface Scenario {
    readonly use: (attempt: number) => Effect.Effect<unknown, ApiError.ApiError>
    readonly expected: ReadonlyArray<readonly [at: number, event: unknown]>
    readonly retried: number
    readonly gaveUp: number
  }

  const scenarios: Record<string, Scenario> = {
    "a value": { use: () => Effect.succeed("value"), expected: [[0, { value: "value" }]], retried: 0, gaveUp: 0 },
    "a value after two failures": {
      use: (attempt) => (attempt < 3 ? transient() : Effect.succeed("value")),
      expected: [[3000, { value: "value" }]],
      retried: 2,
      gaveUp: 0
    },
    "three failures": {
      use: () => transient(),
      expected: [[3000, failed(expect.objectContaining({ reason: "Unavailable", attempts: 3 }))]],
      retried: 2,
      gaveUp: 1
    },
    "a Fatal": {
      use: () => fatal,
      expected: [[0, failed(expect.objectContaining({ _tag: "Fatal", attempts: 1 }))]],
      retried: 0,
      gaveUp: 1
    },
    "an attempt that is cut off, and a deadline": {
      use: () => nothing,
      expected: [[8000, failed(expect.objectContaining({ phase: "deadline", attempts: 2 }))]],
      retried: 1,
      gaveUp: 1
    },
    "a defect": {
      use: () => Effect.die("defect"),
      expected: [[0, { failures: [], defects: ["defect"], interrupted: false }]],
      retried: 0,
      gaveUp: 0
    }
  }

  const call = async (
    scenario: Scenario,
    options: Partial<Reliability.Options>,
    around = <A, E>(effect: Effect.Effect<A, E>) => effect
  ) => {
    const time = manual()
    let attempts = 0
    const notes: Array<readonly [at: number, event: unknown]> = []
    const policy = Reliability.make({ workload: patient, ...options })
    const protectedCall = Reliability.protect(
      Effect.suspend(() => scenario.use(++attempts)),
      policy
    ).pipe(around, Effect.exit)
    const fiber = Effect.runFork(
      time.provide(Effect.map(protectedCall, (exit) => void notes.push([time.now(), shape(exit)])))
    )
    await finish(time, fiber)
    return notes
  }

  for (const [title, scenario] of Object.entries(scenarios)) {
    for (const [how, observer] of Object.entries(observers)) {
      it(`keeps outcome and time of ${title}, with an observer that ${how}`, async () => {
        const seen = { retried: 0, gaveUp: 0 }
        const notes = await call(scenario, {
          onRetry: () => {
            seen.retried++
            return observer()
          },
          onGiveUp: () => {
            seen.gaveUp++
            return observer()
          }
        })
        expect(notes).toEqual(scenario.expected)
        expect(seen).toEqual({ retried: scenario.retried, gaveUp: scenario.gaveUp })
      })
    }

    it(`keeps outcome and time of ${title} in an uninterruptible region, with an observer that hangs`, async () => {
      const hang = () => Effect.async<never>(() => {})
      const notes = await call(scenario, { onRetry: hang, onGiveUp: hang }, (effect) =>
        Effect.uninterruptibleMask((restore) => restore(effect))
      )
      expect(notes).toEqual(scenario.expected)
    })

    it(`keeps outcome and time of ${title}, with a record function that throws`, async () => {
      let recorded = 0
      const notes = await call(scenario, {
        record: () => {
          recorded++
          throw new Error("record")
        }
      })
      expect(notes).toEqual(scenario.expected)
      // each attempt, and the call
      expect(recorded).toBe(scenario.retried + 2)
    })
  }
})
