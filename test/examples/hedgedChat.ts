/**
 * A chat that streams its response, starts a second copy if the first token is late, and falls back to a second model.
 * See `open`: the hedge is inside the fallback, and each copy has the retries of the client.
 */
import { Chunk, Console, Effect, Layer, Stream } from "effect"
import { Deadline, Fallback, Hedge, Workload } from "effect-reliability"
import { Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { Fault, FireworksServer } from "effect-reliability/testing"

const models = Fallback.make(
  [
    { name: "kimi", model: "accounts/fireworks/models/kimi-k2" },
    { name: "llama", model: "accounts/fireworks/models/llama-v3p1-8b-instruct" }
  ],
  { onFallback: ({ error, next, step }) => Console.log(`${step} failed with ${error.reason}; next: ${next}`) }
)

// inference may be executed twice; without `after`, the delay is learned from the first 30 calls
const open = (hedge: Hedge.Hedge, fireworks: Fireworks.Fireworks, question: string) =>
  Fallback.stream(models, ({ model }) =>
    fireworks
      .chatStream({ model, messages: [{ role: "user", content: question }] })
      .pipe(Hedge.hedgeStream(hedge, { key: model, idempotency: "safe" }))
  )

const program = Effect.gen(function* () {
  const fireworks = yield* Fireworks.Fireworks
  const hedge = yield* Hedge.make({ after: "50 millis", budget: { ratio: 1 } })
  const ask = (question: string) =>
    Stream.runCollect(open(hedge, fireworks, question)).pipe(
      Effect.map(Chunk.map(({ choices }) => choices[0]?.delta.content ?? "")),
      Effect.map(Chunk.join("")),
      Deadline.within("10 seconds")
    )
  yield* Console.log(yield* ask("Is it you?"))
  yield* Console.log(yield* ask("Is it you now?"))
  const [first] = Hedge.describe(hedge)
  yield* Console.log(`calls: ${first?.calls}, second copies: ${first?.hedged}`)
})

// the first request is never answered, and the third finds no such model
const injections = [{ fault: Fault.unanswered }, { fault: Fault.healthy }, { fault: Fault.answer(404) }]
const workload = Workload.with(Workload.interactive, { deadline: "5 seconds" })
const Live = FireworksServer.layerClient((api) => Fireworks.layer({ ...api, workload })).pipe(
  Layer.provide(FireworksServer.layer({ injections })),
  Layer.provide(Transport.layer())
)

await Effect.runPromise(Effect.provide(program, Live))
