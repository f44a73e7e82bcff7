import { HttpClientRequest } from "@effect/platform"
import { Effect, Schema, type Scope, Stream } from "effect"
import { ReliableHttpClient } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import * as EventStream from "effect-reliability/stream"
import * as assert from "node:assert"
import { fork } from "node:child_process"
import OpenAI from "openai"
import { type Comparison, rate, type Subject } from "./harness.js"

const question = {
  model: "accounts/fireworks/models/llama-v3p1-8b-instruct",
  messages: [{ role: "user" as const, content: "Why does a request that was never sent not appear on the dashboard?" }],
  stream: true as const
}

const server: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => fork(new URL("./streamServer.ts", import.meta.url))),
  (child) => Effect.sync(() => child.kill())
).pipe(
  Effect.flatMap((child) =>
    Effect.async<string>((resume) => {
      child.once("message", (port) => resume(Effect.succeed(`http://127.0.0.1:${JSON.stringify(port)}`)))
      child.once("error", (error) => resume(Effect.die(error)))
      child.once("exit", (code) => resume(Effect.dieMessage(`the server ended with ${code}`)))
    })
  )
)

/** A way to read a stream of so many events: calls `onEvent` for each, and resolves to the last. */
type Read = (events: number, onEvent: () => void) => Promise<unknown>

const Piece = Schema.Struct({
  choices: Schema.Array(Schema.Struct({ delta: Schema.Struct({ content: Schema.optional(Schema.String) }) }))
})

const ours = (origin: string) =>
  Effect.map(Transport.make(), (transport) => {
    const client = ReliableHttpClient.make(transport)
    const open = (events: number) =>
      EventStream.open(
        HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`${origin}/${events}/chat/completions`), question),
        { client }
      )
    const read =
      <A, E>(decode: (events: ReturnType<typeof open>) => Stream.Stream<A, E>): Read =>
      async (events, onEvent) => {
        let last: A | undefined
        await Effect.runPromise(
          Stream.runForEachChunk(decode(open(events)), (chunk) =>
            Effect.sync(() => {
              for (const event of chunk) {
                onEvent()
                last = event
              }
            })
          )
        )
        return last
      }
    return {
      raw: read((events) => events),
      parsed: read(EventStream.decode(Schema.Unknown)),
      typed: read(EventStream.decode(Piece))
    }
  })

const byOpenAI = (origin: string): Read => {
  const openai = (events: number) => new OpenAI({ apiKey: "none", baseURL: `${origin}/${events}`, maxRetries: 0 })
  const clients = new Map<number, OpenAI>()
  return async (events, onEvent) => {
    const client = clients.get(events) ?? openai(events)
    clients.set(events, client)
    let last: unknown
    for await (const event of await client.chat.completions.create(question)) {
      onEvent()
      last = event
    }
    return last
  }
}

const many = 10_000

const throughput = (name: string, read: Read): Subject => rate(`${name}, events`, many, () => read(many, () => {}))

const streams = 50

/** The microseconds from the call to its first event. */
const firstEvent = (name: string, read: Read, of: "mean" | "median"): Subject => ({
  name: `${name}, ${of} time to the first event`,
  sample: async () => {
    const times: Array<number> = []
    for (let n = 0; n < streams; n++) {
      const started = performance.now()
      let first: number | undefined
      await read(4, () => (first ??= performance.now()))
      times.push((first ?? Number.NaN) - started)
    }
    const mean = times.reduce((sum, time) => sum + time, 0) / streams
    return 1000 * (of === "mean" ? mean : (times.toSorted((a, b) => a - b)[streams >> 1] ?? Number.NaN))
  }
})

/** Events of a stream over loopback, and the wait for the first, as a share of what the `openai` package makes of them. */
export const stream = (use: (comparisons: ReadonlyArray<Comparison>) => Promise<void>): Promise<void> =>
  Effect.gen(function* () {
    const origin = yield* server
    const { parsed, raw, typed } = yield* ours(origin)
    const openai = byOpenAI(origin)
    yield* Effect.promise(async () => {
      let [mine, theirs] = [0, 0]
      const last = await parsed(many, () => mine++)
      assert.deepStrictEqual(await openai(many, () => theirs++), last)
      assert.deepStrictEqual([mine, theirs], [many, many])
      const rival = throughput("the openai package", openai)
      const unit = "calls/s"
      await use([
        { subject: throughput("EventStream.open", raw), rival, unit, bound: 2 },
        { subject: throughput("EventStream.open and JSON", parsed), rival, unit, bound: 2 },
        { subject: throughput("EventStream.open and a schema", typed), rival, unit },
        ...(["mean", "median"] as const).map((of): Comparison => ({
          subject: firstEvent("EventStream.open and JSON", parsed, of),
          rival: firstEvent("the openai package", openai, of),
          unit: "µs",
          ...(of === "mean" && { bound: 1 })
        }))
      ])
    })
  }).pipe(Effect.scoped, Effect.runPromise)
