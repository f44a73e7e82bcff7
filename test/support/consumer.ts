/** A user's program that imports each entry point. The package's test type-checks and runs it against the packed package. */
import { LanguageModel } from "@effect/ai"
import { WorkflowEngine } from "@effect/workflow"
import { Duration, Effect, Layer, Option, Schema, Stream } from "effect"
import { ApiError, Classify } from "effect-reliability"
import * as Accounting from "effect-reliability/Accounting"
import * as ai from "effect-reliability/ai"
import * as FireworksEmbeddingModel from "effect-reliability/ai/FireworksEmbeddingModel"
import * as FireworksLanguageModel from "effect-reliability/ai/FireworksLanguageModel"
import { isRetryable } from "effect-reliability/ApiError"
import * as CircuitBreaker from "effect-reliability/CircuitBreaker"
import { exception } from "effect-reliability/Classify"
import * as cli from "effect-reliability/cli"
import * as Dashboards from "effect-reliability/cli/Dashboards"
import * as Doctor from "effect-reliability/cli/Doctor"
import * as Deadline from "effect-reliability/Deadline"
import * as Dialect from "effect-reliability/Dialect"
import * as Fallback from "effect-reliability/Fallback"
import * as fireworks from "effect-reliability/fireworks"
import * as BatchJobs from "effect-reliability/fireworks/BatchJobs"
import * as Deployments from "effect-reliability/fireworks/Deployments"
import * as Fireworks from "effect-reliability/fireworks/Fireworks"
import * as ServerMetrics from "effect-reliability/fireworks/ServerMetrics"
import * as TrainerJobs from "effect-reliability/fireworks/TrainerJobs"
import * as Hedge from "effect-reliability/Hedge"
import * as Job from "effect-reliability/Job"
import * as node from "effect-reliability/node"
import * as Transport from "effect-reliability/node/Transport"
import * as RateLimiter from "effect-reliability/RateLimiter"
import * as redis from "effect-reliability/redis"
import * as RedisStore from "effect-reliability/redis/RedisStore"
import * as Reliability from "effect-reliability/Reliability"
import * as ReliableHttpClient from "effect-reliability/ReliableHttpClient"
import * as Retry from "effect-reliability/Retry"
import * as RetryBudget from "effect-reliability/RetryBudget"
import * as RetryHint from "effect-reliability/RetryHint"
import * as Store from "effect-reliability/Store"
import * as EventStream from "effect-reliability/stream"
import * as Telemetry from "effect-reliability/Telemetry"
import * as testing from "effect-reliability/testing"
import * as Fault from "effect-reliability/testing/Fault"
import * as FaultServer from "effect-reliability/testing/FaultServer"
import * as FireworksServer from "effect-reliability/testing/FireworksServer"
import * as ScriptedClient from "effect-reliability/testing/ScriptedClient"
import * as Simulator from "effect-reliability/testing/Simulator"
import * as workflow from "effect-reliability/workflow"
import * as DurableJob from "effect-reliability/workflow/DurableJob"
import * as Workload from "effect-reliability/Workload"
import * as assert from "node:assert"

const call = Effect.fail(Classify.answer({ status: 503, headers: {}, body: "busy", now: 0 }))

const advice = call.pipe(
  Effect.catchTags({
    RateLimit: (error) => Effect.succeed(error.advice),
    Transient: (error) => Effect.succeed(isRetryable(error) ? "again" : error.advice),
    Fatal: (error) => Effect.fail(error)
  })
)

assert.strictEqual(await Effect.runPromise(advice), "again")
assert.ok(ApiError.isApiError(await Effect.runPromise(Effect.flip(call))))

// a call that fails once, with a policy, a deadline, accounting and telemetry
const workload = Workload.make({
  name: "consumer",
  timeouts: { attempt: "5 seconds" },
  retry: Retry.make({ attempts: 2, base: "1 millis" })
})
let attempts = 0
const flaky = Effect.suspend(() => (++attempts === 1 ? call : Effect.succeed("an answer")))
const counted = Effect.gen(function* () {
  const policy = Reliability.make({ workload, budget: yield* RetryBudget.make() })
  const answer = yield* flaky.pipe(Reliability.protect(policy), Deadline.within("10 seconds"))
  return { answer, snapshot: yield* Accounting.snapshot }
}).pipe(Effect.provide(Layer.merge(Accounting.layer(), Telemetry.layer())))
assert.strictEqual((await Effect.runPromise(counted)).answer, "an answer")
assert.strictEqual(attempts, 2)

// pure functions
assert.deepStrictEqual(RetryHint.parse({ "retry-after": "2" }, 0), { delay: Duration.seconds(2) })
assert.strictEqual(exception(new Error("?"), { now: 0, dialect: Dialect.generic })._tag, "Fatal")
assert.strictEqual(typeof Job.submit, "function")

// a step of a store, in memory and with a client of Redis
const stored = Effect.flatMap(Store.makeMemory, (store) =>
  store.modify({ name: "n", decode: Number, timeToLive: Duration.minutes(1) }, "key", (n = 0) => ["stored", n + 1])
)

const client = RedisStore.fromNodeRedis({
  eval: () => Promise.resolve([1, "1", "0"]),
  evalSha: () => Promise.reject(new Error("NOSCRIPT"))
})
const overRedis = Effect.flatMap(RedisStore.make({ client }), (store) =>
  store.modify({ name: "n", decode: Number, timeToLive: Duration.minutes(1) }, "key", (n = 0) => ["stored", n + 1])
)

// a call through a rate limiter
const limited = Effect.flatMap(RateLimiter.make({ concurrency: 1 }), (limiter) =>
  RateLimiter.limit(Effect.succeed("admitted"), limiter, { key: "api" })
)
assert.strictEqual(await Effect.runPromise(Effect.scoped(limited)), "admitted")

// a call through a circuit breaker
const guarded = Effect.flatMap(CircuitBreaker.make(), (breaker) =>
  CircuitBreaker.withBreaker(Effect.succeed("admitted"), breaker, { key: "api" })
)
assert.strictEqual(await Effect.runPromise(guarded), "admitted")
assert.strictEqual(await Effect.runPromise(stored), "stored")
assert.ok(Effect.isEffect(overRedis))

// a second model after the first
const models = Fallback.make([
  { name: "first", client: call },
  { name: "second", client: Effect.succeed("answered") }
])
const fallen = await Effect.runPromise(Fallback.run(models, ({ client }) => client))
assert.deepStrictEqual([fallen.step, fallen.value], ["second", "answered"])
// a call with a second copy
const hedged = Effect.flatMap(Hedge.make(), (hedge) => Hedge.hedgeWithWinner(Effect.succeed(1), hedge, { key: "api" }))
assert.deepStrictEqual(await Effect.runPromise(hedged), { value: 1, by: "first" })

// a request over a socket, and an event from memory
const status = Effect.gen(function* () {
  const server = yield* FaultServer.make({ script: [Fault.answer(503), Fault.healthy] })
  const client = ReliableHttpClient.make(yield* Transport.make(), { workload })
  return (yield* client.get(server.origin)).status
}).pipe(Effect.scoped)
assert.strictEqual(await Effect.runPromise(status), 200)
const event: EventStream.Event = { event: "message", data: '{"n":1}', id: undefined }
const decoded = Stream.make(event).pipe(EventStream.decode(Schema.Struct({ n: Schema.Number })), Stream.runHead)
assert.deepStrictEqual(await Effect.runPromise(decoded), Option.some({ n: 1 }))

// a second of simulated traffic
const simulated = Simulator.run({
  server: Simulator.bucket({ perSecond: 10 }),
  load: { workers: 1 },
  policy: Workload.interactive,
  duration: "1 second"
})
assert.ok((await Effect.runPromise(simulated)).succeeded > 0)

// functions that need an account are imported, but not called
assert.strictEqual(Fireworks.targetOf("accounts/fireworks/models/llama-v3p1-8b-instruct"), "serverless")
assert.ok([BatchJobs.submit, Deployments.get, ServerMetrics.layer(), TrainerJobs.get].every(Boolean))
assert.ok([Doctor.examine, FireworksServer.layer, ScriptedClient.layer].every(Boolean))

// a durable job on an engine in memory
const kind: Job.Kind<string, string, string> = {
  create: Effect.succeed,
  get: Effect.succeed,
  standing: (job) => ({ _tag: "Ended", outcome: `${job} ended` }),
  isSame: () => true
}
const Durable = DurableJob.make({ name: "Consumer", kind, input: Schema.String, outcome: Schema.String })
const Engine = Durable.layer.pipe(Layer.provideMerge(WorkflowEngine.layerMemory))
const ended = Durable.execute("job-1", "input").pipe(Effect.provide(Engine))
assert.strictEqual(await Effect.runPromise(ended), "job-1 ended")

// a program that is written against `@effect/ai`
const Model = FireworksLanguageModel.layer({ model: "accounts/fireworks/models/kimi-k2" }).pipe(
  Layer.provide(FireworksServer.layerClient(Fireworks.layer)),
  Layer.provide(FireworksServer.layerInMemory())
)
const said = LanguageModel.generateText({ prompt: "Hello" }).pipe(Effect.provide(Model))
assert.strictEqual((await Effect.runPromise(said)).text, "Hello")

// the index of a folder exports its modules
assert.strictEqual(ai.FireworksEmbeddingModel.layer, FireworksEmbeddingModel.layer)
assert.strictEqual(cli.Doctor.render, Doctor.render)
assert.strictEqual(cli.Dashboards.rules, Dashboards.rules)
assert.strictEqual(fireworks.Fireworks.Fireworks, Fireworks.Fireworks)
assert.strictEqual(node.Transport.make, Transport.make)
assert.strictEqual(redis.RedisStore.make, RedisStore.make)
assert.strictEqual(testing.Fault.healthy, Fault.healthy)
assert.strictEqual(workflow.DurableJob.make, DurableJob.make)
