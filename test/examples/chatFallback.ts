/**
 * A chat that falls back to a serverless model while the own deployment starts from zero replicas.
 * See `models`, the steps in their order, and `Deadline.within`, of which each step gets its share.
 */
import { Console, Effect, Layer } from "effect"
import { Deadline, Fallback } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { FireworksServer } from "effect-reliability/testing"

const models = Fallback.make(
  [
    { name: "ours", model: "accounts/fireworks/models/kimi-k2#accounts/acme/deployments/ours", share: 0.7 },
    { name: "serverless", model: "accounts/fireworks/models/kimi-k2" },
    { name: "small", model: "accounts/fireworks/models/llama-v3p1-8b-instruct" }
  ],
  { onFallback: ({ error, next, step }) => Console.log(`${step} failed with ${error.reason}; next: ${next}`) }
)

const ask = (question: string) =>
  Effect.gen(function* () {
    const fireworks = yield* Fireworks.Fireworks
    const messages = [{ role: "user", content: question }]
    return yield* Fallback.run(models, ({ model }) => fireworks.chat({ model, messages }))
  }).pipe(
    Deadline.within("20 seconds"),
    Effect.map(({ step, value }) => `${step}: ${value.value.choices[0]?.message.content}`),
    Effect.catchAll(({ earlier = [], reason }) => Effect.succeed(`${reason} after ${earlier.length} other failures`))
  )

const program = Effect.gen(function* () {
  yield* Console.log(yield* ask("Is it you?"))
  yield* Effect.sleep("100 millis")
  yield* Console.log(yield* ask("Is it you now?"))
  const api = yield* FireworksServer.FireworksServer
  yield* api.suspend(true)
  // not a matter of the model: no other step is attempted
  yield* Console.log(yield* ask("Who pays?"))
})

// a local server; for the real API, use `Fireworks.layerConfig()`
const Live = FireworksServer.layerClient(Fireworks.layer).pipe(
  Layer.provideMerge(FireworksServer.layer({ deployments: { ours: { replicas: 0 } }, startup: "50 millis" })),
  Layer.provide(Transport.layer())
)

await Effect.runPromise(Effect.provide(program, Live))
