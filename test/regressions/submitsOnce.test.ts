/**
 * One job for each id depended on a server that rejects duplicate ids. On a server that accepts them, a process that was killed
 * after its submission and started again created a second job. A lost response within one process did the same.
 */
import { HttpClient } from "@effect/platform"
import { it } from "@effect/vitest"
import { Effect, FastCheck as fc, Fiber, Layer, Redacted, TestClock } from "effect"
import type { ApiError } from "effect-reliability"
import { BatchJobs, Fireworks, TrainerJobs } from "effect-reliability/fireworks"
import { Fault, FireworksServer } from "effect-reliability/testing"
import { describe, expect } from "vitest"

type Submit = (id: string | undefined) => Effect.Effect<unknown, ApiError.ApiError, Fireworks.Fireworks>

const submissions: Readonly<Record<string, Submit>> = {
  "BatchJobs.submit": (id) => BatchJobs.submit({ id, model: "accounts/fireworks/models/m", inputDatasetId: "rows" }),
  "TrainerJobs.create": (id) => TrainerJobs.create({ id, dcpSaveInterval: 1, trainingConfig: { loraRank: 8 } })
}

const over = (client: HttpClient.HttpClient) =>
  Fireworks.layer({ apiKey: Redacted.make("fw-test-key"), accountId: "acme" }).pipe(
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
  )

const madeOf = (server: FireworksServer.FireworksServer) =>
  Effect.map(server.creations, (creations) => creations.map(({ id, made }) => [id, made] as const))

/** The milliseconds from the start of each process until it is killed. */
const lives = fc.array(fc.integer({ min: 0, max: 1500 }), { minLength: 1, maxLength: 4 })

describe.each(Object.entries(submissions))("%s, against a server that accepts duplicate ids", (_, submit) => {
  it.effect("creates one job for each id after any number of kills and restarts", () =>
    Effect.gen(function* () {
      // each request takes 300 ms, so a lookup takes as long as a submission; a sent request always has its effect
      const server = yield* FireworksServer.inMemory({ account: "acme", duplicates: "made", latency: "300 millis" })
      const plans = fc.sample(lives, { numRuns: 60, seed: 7 })
      const runs = plans.map((kills, index) =>
        Effect.gen(function* () {
          const submission = submit(`job-${index}`)
          for (const after of kills) {
            const life = yield* Effect.fork(submission)
            yield* Effect.sleep(after)
            yield* Fiber.interrupt(life)
          }
          yield* submission
        })
      )
      const all = yield* Effect.fork(
        Effect.all(runs, { concurrency: "unbounded", discard: true }).pipe(Effect.provide(over(server.client)))
      )
      for (let step = 0; step < 50; step++) yield* TestClock.adjust("300 millis")
      yield* Fiber.join(all)
      expect(yield* madeOf(server)).toHaveLength(60)
      expect((yield* madeOf(server)).filter(([, made]) => made !== 1)).toEqual([])
    })
  )

  it.effect("creates one job after a lost response, with a given and a generated id", () =>
    Effect.gen(function* () {
      const lost = { method: "POST", fault: Fault.reset, takesEffect: true } as const
      for (const id of ["given", undefined]) {
        const server = yield* FireworksServer.inMemory({ account: "acme", duplicates: "made", injections: [lost] })
        const fiber = yield* Effect.fork(Effect.provide(submit(id), over(server.client)))
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(fiber)
        expect((yield* madeOf(server)).map(([, made]) => made)).toEqual([1])
      }
    })
  )
})
