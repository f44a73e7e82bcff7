/**
 * The official `openai` package, with the retries, limits and errors of this one.
 * Look at the client's options, which leave both to `protect`, and at `Classify.mapError`, which reads the package's errors.
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
    // its three attempts times our five would be fifteen
    maxRetries: 0,
    // its limit of ten minutes undercuts the longer workloads
    timeout: Duration.toMillis(workload.timeouts.attempt) + 1000
  })

const ask = (openai: OpenAI, question: string) =>
  // when it is interrupted, or out of time, the signal closes the connection
  Effect.tryPromise((signal) =>
    openai.chat.completions.create({ model: "a-model", messages: [{ role: "user", content: question }] }, { signal })
  ).pipe(Classify.mapError({ dialect: Dialect.fireworks }), Reliability.protect(workload))

const program = Effect.gen(function* () {
  const api = yield* FaultServer.make({ script: [Fault.reset, Fault.healthy, Fault.answer(401)] })
  // in place of "https://api.fireworks.ai/inference/v1"
  const openai = make({ apiKey: Redacted.make("fw-test-key"), baseURL: api.baseUrl })

  const answer = yield* ask(openai, "Are you there?")
  console.log(answer.choices[0]?.message.content)
  const seen = yield* api.requests
  console.log(seen.map(({ status }) => status ?? "reset").join(", "))

  const error = yield* Effect.flip(ask(openai, "And now?"))
  console.log(`${error._tag} ${error.reason}: ${error.advice}`)
})

await Effect.runPromise(Effect.scoped(program))
