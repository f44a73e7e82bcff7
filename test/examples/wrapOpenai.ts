/**
 * Adds the retries, timeouts and errors of this package to the official `openai` package.
 * See the options of the client, which turn its own retries off, and `Classify.mapError`, which classifies its errors.
 */
import { Duration, Effect, Redacted } from "effect"
import { Classify, Dialect, Reliability, Workload } from "effect-reliability"
import { Fault, FaultServer } from "effect-reliability/testing"
import OpenAI from "openai"

const workload = Workload.interactive

const make = (options: { readonly apiKey: Redacted.Redacted; readonly baseURL: string }) =>
  new OpenAI({
    apiKey: Redacted.value(options.apiKey),
    baseURL: options.baseURL,
    // its own three attempts would multiply our five to fifteen
    maxRetries: 0,
    // its default timeout of ten minutes is shorter than those of the longer workloads
    timeout: Duration.toMillis(workload.timeouts.attempt) + 1000
  })

const ask = (openai: OpenAI, question: string) =>
  // on interruption and on timeout, the signal closes the connection
  Effect.tryPromise((signal) =>
    openai.chat.completions.create({ model: "a-model", messages: [{ role: "user", content: question }] }, { signal })
  ).pipe(Classify.mapError({ dialect: Dialect.fireworks }), Reliability.protect(workload))

const program = Effect.gen(function* () {
  const api = yield* FaultServer.make({ script: [Fault.reset, Fault.healthy, Fault.answer(401)] })
  // a local server; for the real API, use "https://api.fireworks.ai/inference/v1"
  const openai = make({ apiKey: Redacted.make("fw-test-key"), baseURL: api.baseUrl })

  const completion = yield* ask(openai, "Are you there?")
  console.log(completion.choices[0]?.message.content)
  const seen = yield* api.requests
  console.log(seen.map(({ status }) => status ?? "reset").join(", "))

  const error = yield* Effect.flip(ask(openai, "And now?"))
  console.log(`${error._tag} ${error.reason}: ${error.advice}`)
})

await Effect.runPromise(Effect.scoped(program))
