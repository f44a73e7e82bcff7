import { ReliableHttpClient } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { Context, Effect, Fiber, Layer, type Scope } from "effect"
import * as assert from "node:assert"
import { type ChildProcess, fork, spawnSync } from "node:child_process"
import OpenAI from "openai"
import { Agent, request } from "undici"
import { type Comparison, rate, type Subject } from "./harness.js"

// about 300 bytes
const question = {
  model: "accounts/fireworks/models/llama-v3p1-8b-instruct",
  messages: [
    { role: "system" as const, content: "You are a terse assistant. You answer in one sentence, in plain English." },
    { role: "user" as const, content: "Why does a request that was never sent not appear on the dashboard?" }
  ],
  max_tokens: 256,
  temperature: 0.2
}

// about 700 bytes
const answer = {
  id: "chatcmpl-8f14e45f-ceea-467f-a0e6-b1a0d2f3c4b5",
  object: "chat.completion",
  created: 1_790_000_000,
  model: "accounts/fireworks/models/llama-v3p1-8b-instruct",
  choices: [
    {
      index: 0,
      message: {
        role: "assistant",
        content:
          "The dashboard counts what reached the server: a request that waited in the client's own queue until its time was up, or whose connection was refused, left no byte on the wire, so that only the client can tell of it, by its own count of what it meant to send, what it sent, and what came back."
      },
      finish_reason: "stop"
    }
  ],
  usage: { prompt_tokens: 48, total_tokens: 112, completion_tokens: 64, prompt_tokens_details: { cached_tokens: 0 } }
}

/** A way to make the call: once, and by so many loops of so many sequential calls. */
export interface Contender {
  readonly name: string
  readonly once: () => Promise<unknown>
  readonly load: (loops: number, each: number) => Promise<unknown>
}

const byPromise = (name: string, once: () => Promise<unknown>): Contender => ({
  name,
  once,
  load: (loops, each) =>
    Promise.all(
      Array.from({ length: loops }, async () => {
        for (let i = 0; i < each; i++) await once()
      })
    )
})

// One run, and in it one fiber per loop, each a plain `whileLoop` underneath: what `Effect.forEach` with a concurrency
// pays for each element, a fiber and its place in the queue, is no part of a call.
const byEffect = (name: string, call: Effect.Effect<unknown, unknown>): Contender => ({
  name,
  once: () => Effect.runPromise(call),
  load: (loops, each) =>
    Effect.forkAll(Array.from({ length: loops }, () => Effect.replicateEffect(call, each, { discard: true }))).pipe(
      Effect.flatMap(Fiber.join),
      Effect.runPromise
    )
})

export const byClient = <E>(name: string, origin: string, client: HttpClient.HttpClient.With<E>): Contender =>
  byEffect(
    name,
    Effect.suspend(() =>
      client.execute(
        HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`${origin}/v1/chat/completions`), question)
      )
    ).pipe(Effect.flatMap((response) => response.json))
  )

export const clientOf = <E>(
  layer: Layer.Layer<HttpClient.HttpClient, E>
): Effect.Effect<HttpClient.HttpClient, E, Scope.Scope> =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, HttpClient.HttpClient))

const bareUndici = (origin: string, connections: number): Effect.Effect<Contender, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new Agent({ connections, pipelining: 1 })),
    (dispatcher) => Effect.promise(() => dispatcher.destroy())
  ).pipe(
    Effect.map((dispatcher) =>
      byPromise("undici request", async () => {
        const { body } = await request(`${origin}/v1/chat/completions`, {
          dispatcher,
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(question)
        })
        return body.json()
      })
    )
  )

const byFetch = (origin: string): Contender =>
  byPromise("fetch", async () => {
    const response = await fetch(`${origin}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(question)
    })
    return response.json()
  })

export const byOpenAI = (origin: string): Contender => {
  const openai = new OpenAI({ apiKey: "none", baseURL: `${origin}/v1`, maxRetries: 0 })
  return byPromise("the openai package", () => openai.chat.completions.create(question))
}

const taskset = (...args: ReadonlyArray<string>): string =>
  spawnSync("taskset", ["--cpu-list", "--pid", ...args], { encoding: "utf8" }).stdout ?? ""

/**
 * Gives the client and the server a core each, where Linux lets us. Left to the scheduler, one call at a time is three
 * times as fast while both happen to share a core, which then never sleeps, and that changes from sample to sample.
 */
const apart = (child: ChildProcess) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const cores = /list: (.+)/.exec(taskset(`${process.pid}`))?.[1] ?? ""
      const [first, last] = [/^\d+/.exec(cores)?.[0], /\d+$/.exec(cores)?.[0]]
      if (first === undefined || last === undefined || first === last) return ""
      taskset("--all-tasks", first, `${process.pid}`)
      taskset("--all-tasks", last, `${child.pid}`)
      return cores
    }),
    (cores) => Effect.sync(() => cores === "" || taskset("--all-tasks", cores, `${process.pid}`))
  )

/** Starts a server that responds to each request with the same JSON, and returns its origin. */
export const serving = (json: unknown): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => fork(new URL("./httpServer.ts", import.meta.url), [JSON.stringify(json)])),
    (child) => Effect.sync(() => child.kill())
  ).pipe(
    Effect.flatMap((child) =>
      Effect.async<string>((resume) => {
        child.once("message", (port) => resume(Effect.succeed(`http://127.0.0.1:${JSON.stringify(port)}`)))
        child.once("error", (error) => resume(Effect.die(error)))
        child.once("exit", (code) => resume(Effect.dieMessage(`the server ended with ${code}`)))
      }).pipe(Effect.zipLeft(apart(child)))
    )
  )

/** How many calls one sample makes, and the share of bare undici's rate that ours promises. */
const loads = [
  { concurrency: 1, calls: 400, bound: 0.8 },
  { concurrency: 64, calls: 1280, bound: 0.6 }
]

const rows = (origin: string, { bound, calls, concurrency }: (typeof loads)[number]) =>
  Effect.gen(function* () {
    const measured = (contender: Contender): Effect.Effect<Subject> =>
      Effect.promise(async () => {
        // whoever does not read and parse the whole answer is not in the race
        assert.deepStrictEqual(await contender.once(), answer)
        // the compiler needs some thousand calls until it is done
        await contender.load(concurrency, 2560 / concurrency)
        return rate(`${contender.name}, ${concurrency} at a time`, calls, () =>
          contender.load(concurrency, calls / concurrency)
        )
      })
    const rival = yield* Effect.flatMap(bareUndici(origin, concurrency), measured)
    const ours: ReadonlyArray<Contender> = [
      byClient("ReliableHttpClient", origin, ReliableHttpClient.make(yield* Transport.make()))
    ]
    const others = [
      byClient("platform-node's layerUndici", origin, yield* clientOf(NodeHttpClient.layerUndici)),
      byFetch(origin),
      byClient("platform's FetchHttpClient", origin, yield* clientOf(FetchHttpClient.layer)),
      byOpenAI(origin)
    ]
    const row = (subject: Subject): Comparison => ({ subject, rival, unit: "calls/s" })
    return [
      ...(yield* Effect.forEach(ours, measured)).map((subject): Comparison => ({ ...row(subject), bound })),
      ...(yield* Effect.forEach(others, measured)).map(row)
    ]
  })

/** How many JSON calls a second go over kept-alive loopback connections, as a share of what bare undici does. */
export const http = (use: (comparisons: ReadonlyArray<Comparison>) => Promise<void>): Promise<void> =>
  Effect.gen(function* () {
    const origin = yield* serving(answer)
    for (const load of loads) {
      yield* Effect.scoped(Effect.flatMap(rows(origin, load), (comparisons) => Effect.promise(() => use(comparisons))))
    }
  }).pipe(Effect.scoped, Effect.runPromise)
