/**
 * A training run that goes on after its machines were taken away, from wherever it stopped.
 * Look at the outcome: where the trainer answers now, and from which checkpoint, with or without its optimizer.
 */
import { Effect } from "effect"
import { Fireworks, TrainerJobs } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { FireworksServer } from "effect-reliability/testing"

// what the training program saves, as `dcp_save_interval`; without it a preemption loses the optimizer's state
const dcpSaveInterval = 20

/** Whatever became of it, and of the process that watched it before. The defaults wait for machines for two days. */
const reconnected = TrainerJobs.reconnectAndWait("policy-7", { dcpSaveInterval, resumes: 3, pollInterval: "20 millis" })

const told = (outcome: TrainerJobs.Outcome): string => {
  if (outcome._tag === "Failed") return `it failed: ${outcome.message}`
  if (outcome._tag !== "Ready") return `there is nothing to train: ${outcome._tag}`
  const { baseUrl, optimizer, resumed } = outcome
  return `train at ${new URL(baseUrl).pathname}; resumed: ${resumed}, optimizer: ${optimizer._tag}`
}

const program = Effect.gen(function* () {
  const api = yield* FireworksServer.FireworksServer
  yield* TrainerJobs.create({ id: "policy-7", trainingConfig: { loraRank: 16 }, dcpSaveInterval })
  yield* Effect.map(reconnected, (outcome) => console.log(told(outcome)))

  yield* Effect.sleep("100 millis") // it learns, and saves
  yield* api.preempt("policy-7")
  yield* Effect.map(reconnected, (outcome) => console.log(told(outcome)))
})

// in place of the API, which is `Fireworks.layerConfig()`: here a trainer that saves its state every 20 ms
const Trainers = FireworksServer.layerClient(Fireworks.layer)
const Api = FireworksServer.layer({
  timeline: [{ state: "PENDING", lasts: "50 millis" }, { state: "RUNNING" }],
  healthyAfter: "50 millis",
  checkpointEvery: "20 millis"
})
await Effect.runPromise(program.pipe(Effect.provide(Trainers), Effect.provide([Api, Transport.layer()])))
