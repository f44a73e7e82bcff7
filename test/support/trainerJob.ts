/** A program that reconnects to a trainer and waits until it is ready. Tests kill it before that. */
import { Effect, Layer } from "effect"
import { Fireworks, TrainerJobs } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"

const Live = Fireworks.layerConfig().pipe(Layer.provide(Transport.layer()))

const [, , id = ""] = process.argv

const program = Effect.gen(function* () {
  yield* TrainerJobs.create({ id, dcpSaveInterval: 10 })
  return yield* TrainerJobs.reconnectAndWait(id, { pollInterval: "100 millis", factor: 1, dcpSaveInterval: 10 })
})

const outcome = await Effect.runPromise(program.pipe(Effect.provide(Live)))
process.stdout.write(
  outcome._tag === "Ready" ? `${outcome.resumed} ${outcome.optimizer._tag} ${outcome.baseUrl}` : outcome._tag
)
