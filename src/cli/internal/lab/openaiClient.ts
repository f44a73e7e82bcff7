/**
 * The same call through the official `openai` package with its default retries, if it is installed.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { performance } from "node:perf_hooks"
import { batch, batches, inference, messages, model } from "./toolkitClient.js"
import type { Run, Segment, WorkloadName } from "./model.js"

/** A call; `timeout` is an attempt's limit, `cap` the time after which nobody waits any longer. */
export interface Given {
  readonly origin: string
  readonly name: WorkloadName
  readonly stream: boolean
  readonly timeout: number
  readonly cap: number
}

export type Theirs = (given: Given) => Effect.Effect<Omit<Run, "arrived" | "executed">>

const named = (error: unknown): string => {
  if (!(error instanceof Error)) return "an error"
  const status: unknown = "status" in error ? error.status : undefined
  const name = error.constructor.name === "Error" ? error.name : error.constructor.name
  return typeof status === "number" ? `${name} ${status}` : name
}

/** Attempts, and waits between them, as `fetch` is called for them. */
class Trace {
  readonly segments: Array<Segment> = []
  readonly since = performance.now()

  get now(): number {
    return performance.now() - this.since
  }

  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const from = this.now
    const last = this.segments.at(-1)
    if (last !== undefined) {
      this.segments.push({ kind: "wait", from: last.to, to: from, failed: false, label: "backoff" })
    }
    const ended = (failed: boolean, label: string) =>
      void this.segments.push({ kind: "attempt", from, to: this.now, failed, label })
    try {
      const response = await fetch(input, init)
      ended(!response.ok, `HTTP ${response.status}`)
      return response
    } catch (error) {
      ended(true, named(error))
      throw error
    }
  }

  /** The call has ended; what came after the last headers is part of its try. */
  end(failed: boolean, label: string, stream: boolean): ReadonlyArray<Segment> {
    const { segments } = this
    const last = segments.at(-1)
    if (last === undefined || last.failed) return segments
    if (stream) return [...segments, { kind: "stream", from: last.to, to: this.now, failed, label }]
    return [...segments.slice(0, -1), { ...last, to: this.now, failed, label }]
  }
}

/** The package, or nothing where it is not installed. */
export const theirs: Effect.Effect<Theirs | undefined> = Effect.promise(() =>
  import("openai").catch(() => undefined)
).pipe(
  Effect.map((openai) => {
    if (openai === undefined) return undefined
    return ({ cap, name, origin, stream, timeout }: Given) =>
      Effect.promise(async (interruption) => {
        const trace = new Trace()
        const capped = AbortSignal.timeout(cap)
        const signal = AbortSignal.any([interruption, capped])
        const client = new openai.OpenAI({
          apiKey: "lab",
          baseURL: origin + inference,
          timeout,
          fetch: trace.fetch,
          // its warnings are no part of the report
          logLevel: "off"
        })
        let events = stream ? 0 : undefined
        const outcomeOf = (failed: boolean, outcome: string): Omit<Run, "arrived" | "executed"> => ({
          segments: trace.end(failed, outcome, stream),
          millis: trace.now,
          ok: !failed,
          outcome,
          delivery: undefined,
          events
        })
        try {
          if (name === "batchSubmission") await client.post(origin + batches, { body: batch, signal })
          else if (stream) {
            const chunks = await client.chat.completions.create({ model, messages, stream: true }, { signal })
            for await (const _ of chunks) events = (events ?? 0) + 1
          } else await client.chat.completions.create({ model, messages }, { signal })
          return capped.aborted ? outcomeOf(true, "still waiting") : outcomeOf(false, "success")
        } catch (error) {
          return outcomeOf(true, capped.aborted ? "still waiting" : named(error))
        }
      })
  })
)
