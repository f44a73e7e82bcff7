/** A program that submits a batch job and waits for its end. Tests kill it before that. */
import { Effect, Layer } from "effect"
import { BatchJobs, Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"

const Live = Fireworks.layerConfig().pipe(Layer.provide(Transport.layer()))

const [, , id = ""] = process.argv

const program = Effect.gen(function* () {
  const submission = { id, model: "accounts/fireworks/models/m", inputDatasetId: "rows" }
  const job = yield* BatchJobs.submit(submission)
  return yield* BatchJobs.await(BatchJobs.idOf(job), { interval: "100 millis", factor: 1 })
})

const outcome = await Effect.runPromise(program.pipe(Effect.provide(Live)))
process.stdout.write(outcome._tag)
