/**
 * Continues a training run from its last checkpoint after its machines were preempted.
 * See the outcome: the address of the trainer, the number of resumes, and the state of the optimizer.
 */
import { Effect } from "effect"
import { Fireworks, TrainerJobs } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { FireworksServer } from "effect-reliability/testing"

// `dcp_save_interval` of the training program: without it, a preemption loses the optimizer's state
const dcpSaveInterval = 20

/** Works in any state of the job, also after a crash of this process. The defaults wait up to two days for machines. */
const reconnected = TrainerJobs.reconnectAndWait("policy-7", { dcpSaveInterval, resumes: 3, pollInterval: "20 millis" })

const describe = (outcome: TrainerJobs.Outcome): string => {
  if (outcome._tag === "Failed") return `it failed: ${outcome.message}`
  if (outcome._tag !== "Ready") return `there is nothing to train: ${outcome._tag}`
  const { baseUrl, optimizer, resumed } = outcome
  return `train at ${new URL(baseUrl).pathname}; resumed: ${resumed}, optimizer: ${optimizer._tag}`
}

const program = Effect.gen(function* () {
  const api = yield* FireworksServer.FireworksServer
  yield* TrainerJobs.create({ id: "policy-7", trainingConfig: { loraRank: 16 }, dcpSaveInterval })
  yield* Effect.map(reconnected, (outcome) => console.log(describe(outcome)))

  yield* Effect.sleep("100 millis") // the trainer saves checkpoints
  yield* api.preempt("policy-7")
  yield* Effect.map(reconnected, (outcome) => console.log(describe(outcome)))
})

// a local server whose trainer saves its state every 20 ms; for the real API, use `Fireworks.layerConfig()`
const Trainers = FireworksServer.layerClient(Fireworks.layer)
const Api = FireworksServer.layer({
  timeline: [{ state: "PENDING", lasts: "50 millis" }, { state: "RUNNING" }],
  healthyAfter: "50 millis",
  checkpointEvery: "20 millis"
})
await Effect.runPromise(program.pipe(Effect.provide(Trainers), Effect.provide([Api, Transport.layer()])))
