import type { Effect, Stream } from "effect"
import type { ApiError } from "effect-reliability"
import { type Fireworks, TrainerJobs } from "effect-reliability/fireworks"
import { describe, expectTypeOf, it } from "vitest"

type Call<A> = Effect.Effect<A, ApiError.ApiError, Fireworks.Fireworks>

declare const outcome: TrainerJobs.Outcome

describe("TrainerJobs", () => {
  it("fails with ApiError only, and tells of each end by a tag", () => {
    expectTypeOf(TrainerJobs.awaitReady("j")).toEqualTypeOf<Call<TrainerJobs.Outcome>>()
    expectTypeOf(TrainerJobs.reconnectAndWait("j")).toEqualTypeOf<Call<TrainerJobs.Outcome>>()
    expectTypeOf(TrainerJobs.resumeAndWait("j")).toEqualTypeOf<Call<TrainerJobs.Outcome>>()
    expectTypeOf(TrainerJobs.await("j")).toEqualTypeOf<Call<TrainerJobs.Ended>>()
    expectTypeOf(TrainerJobs.watch("j")).toEqualTypeOf<
      Stream.Stream<TrainerJobs.TrainerJob, ApiError.ApiError, Fireworks.Fireworks>
    >()
    expectTypeOf(outcome._tag).toEqualTypeOf<
      "Ready" | "Running" | "Failed" | "Completed" | "Cancelled" | "Expired" | "EarlyStopped" | "Paused"
    >()
  })

  it("says where a trainer answers, and from which checkpoint it went on", () => {
    if (outcome._tag === "Ready") {
      expectTypeOf(outcome.baseUrl).toEqualTypeOf<string>()
      if (outcome.optimizer._tag === "Preserved") {
        expectTypeOf(outcome.optimizer.checkpoint).toEqualTypeOf<TrainerJobs.Checkpoint>()
      }
    }
    // @ts-expect-error only what runs was resumed
    void outcome.resumed
  })

  it("takes no state to resume from that the API knows not to be one, and resumes nothing where it only waits", () => {
    // @ts-expect-error a trainer that runs is not resumed
    void TrainerJobs.reconnectAndWait("j", { resumableStates: ["RUNNING"] })
    // @ts-expect-error `awaitReady` resumes nothing
    void TrainerJobs.awaitReady("j", { resumes: 1 })
    // @ts-expect-error there is no such kind
    void TrainerJobs.get("j", { kind: "batch" })
  })
})
