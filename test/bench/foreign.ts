import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { Effect } from "effect"
import { ReliableHttpClient } from "effect-reliability"
import * as assert from "node:assert"
import type { HeapProfiler } from "node:inspector"
import { Session } from "node:inspector/promises"
import type { Comparison, Subject } from "./harness.js"
import { byClient, byOpenAI, clientOf, type Contender, serving } from "./http.js"

// 300 bytes
const answer = {
  id: "chatcmpl-8f14e45f-ceea-467f-a0e6-b1a0d2f3c4b5",
  object: "chat.completion",
  created: 1_790_000_000,
  model: "accounts/fireworks/models/llama-v3p1-8b-instruct",
  choices: [{ index: 0, message: { role: "assistant", content: "A yes." }, finish_reason: "stop" }],
  usage: { prompt_tokens: 48, total_tokens: 51, completion_tokens: 3 }
}

const text = JSON.stringify(answer)

const calls = 100

/** Measures the processor time of a call, of which nothing is the server's. */
const spent = ({ load, name }: Contender): Subject => ({
  name,
  sample: async () => {
    const before = process.cpuUsage()
    await load(1, calls)
    const { system, user } = process.cpuUsage(before)
    return (system + user) / calls
  }
})

const sizeOf = ({ children, selfSize }: HeapProfiler.SamplingHeapProfileNode): number =>
  children.reduce((sum, child) => sum + sizeOf(child), selfSize)

/**
 * Measures the bytes that a call allocates on the heap, by V8's sampling profiler: one sample per 2 KB, of what is collected
 * meanwhile, too. The growth of the heap itself would depend on when the collector runs.
 */
const allocated = ({ load, name }: Contender): Subject => ({
  name,
  sample: async () => {
    const session = new Session()
    session.connect()
    await session.post("HeapProfiler.startSampling", {
      samplingInterval: 2048,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true
    })
    await load(1, calls)
    const { profile } = await session.post("HeapProfiler.stopSampling")
    session.disconnect()
    return sizeOf(profile.head) / calls
  }
})

const stub = (headers: Readonly<Record<string, string>>): HttpClient.HttpClient =>
  HttpClient.make((request) =>
    Effect.sync(() =>
      HttpClientResponse.fromWeb(
        request,
        new Response(text, { headers: { "content-type": "application/json", ...headers } })
      )
    )
  )

/** Compares calls of `ReliableHttpClient` with those of the client beneath, from the request to the parsed JSON. */
export const foreign = (use: (comparisons: ReadonlyArray<Comparison>) => Promise<void>): Promise<void> =>
  Effect.gen(function* () {
    const origin = yield* serving(answer)
    const fetching = yield* clientOf(FetchHttpClient.layer)
    const clients = [
      { name: "FetchHttpClient", client: fetching, bound: 1.3 },
      { name: "NodeHttpClient.layer", client: yield* clientOf(NodeHttpClient.layer), bound: 1.3 },
      { name: "NodeHttpClient.layerUndici", client: yield* clientOf(NodeHttpClient.layerUndici), bound: 1.5 },
      // all that a call costs over it is Effect's: the fiber and the timer of the attempt weigh most here
      { name: "a stub", client: stub({ "content-length": `${text.length}` }), bound: 2 },
      // a body that has to be counted is a stream, which costs several times as much as the call
      { name: "a stub without content-length", client: stub({}) }
    ]
    const warm = (contender: Contender) =>
      Effect.promise(async () => {
        assert.deepStrictEqual(await contender.once(), answer)
        // the compiler needs some thousand calls until it is done
        await contender.load(16, 160)
        return contender
      })
    const openai = yield* warm(byOpenAI(origin))
    for (const { bound, client, name } of clients) {
      const promised = bound === undefined ? {} : { bound }
      const bare = yield* warm(byClient(`${name} alone`, origin, client))
      const ours = yield* warm(byClient(`ReliableHttpClient over ${name}`, origin, ReliableHttpClient.make(client)))
      const comparisons: Array<Comparison> = [
        { subject: spent(ours), rival: spent(bare), unit: "µs", ...promised },
        { subject: allocated(ours), rival: allocated(bare), unit: "bytes", ...promised }
      ]
      if (client === fetching) {
        for (const each of [bare, ours]) comparisons.push({ subject: spent(each), rival: spent(openai), unit: "µs" })
      }
      yield* Effect.promise(() => use(comparisons))
    }
  }).pipe(Effect.scoped, Effect.runPromise)
