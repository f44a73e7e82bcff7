import type { Effect, Stream } from "effect"
import type { ApiError } from "effect-reliability"
import { type Fireworks, TrainerJobs } from "effect-reliability/fireworks"
import { describe, expectTypeOf, it } from "vitest"

type Call<A> = Effect.Effect<A, ApiError.ApiError, Fireworks.Fireworks>

declare const outcome: TrainerJobs.Outcome

describe("TrainerJobs", () => {
  it("fails with ApiError only, and returns each end with its own tag", () => {
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

  it("returns the URL of a trainer and the checkpoint that it resumed from", () => {
    if (outcome._tag === "Ready") {
      expectTypeOf(outcome.baseUrl).toEqualTypeOf<string>()
      if (outcome.optimizer._tag === "Preserved") {
        expectTypeOf(outcome.optimizer.checkpoint).toEqualTypeOf<TrainerJobs.Checkpoint>()
      }
    }
    // @ts-expect-error only a running trainer has been resumed
    void outcome.resumed
  })

  it("rejects an outcome whose state is preserved and at risk", () => {
    const checkpoint: TrainerJobs.Checkpoint = { name: "c" }
    const job: TrainerJobs.TrainerJob = { name: "j" }
    const atRisk: TrainerJobs.OptimizerStateAtRisk = {
      _tag: "OptimizerStateAtRisk",
      job: "j",
      interval: 0,
      advice: "save checkpoints"
    }
    const running = { _tag: "Running", job, resumed: 1 } as const
    expectTypeOf({ ...running, optimizer: { _tag: "Lost" }, atRisk } as const).toExtend<TrainerJobs.Outcome>()
    // @ts-expect-error a preserved state is not at risk
    const both: TrainerJobs.Outcome = { ...running, optimizer: { _tag: "Preserved", checkpoint }, atRisk }
    void both
  })

  it("rejects states that cannot be resumed, and resumes where it only waits", () => {
    // @ts-expect-error a running trainer cannot be resumed
    void TrainerJobs.reconnectAndWait("j", { resumableStates: ["RUNNING"] })
    // @ts-expect-error `awaitReady` resumes nothing
    void TrainerJobs.awaitReady("j", { resumes: 1 })
    // @ts-expect-error unknown kind
    void TrainerJobs.get("j", { kind: "batch" })
  })
})
