/**
 * Makes the calls of the lab through the official `openai` package with its default retries, if it is installed.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { performance } from "node:perf_hooks"
import { batch, batches, inference, messages, model } from "./toolkitClient.js"
import type { Run, Segment, WorkloadName } from "./model.js"

/** A call: `timeout` limits an attempt, and `maxMillis` the whole call. */
export interface CallOptions {
  readonly origin: string
  readonly name: WorkloadName
  readonly stream: boolean
  readonly timeout: number
  readonly maxMillis: number
}

export type OpenaiCall = (options: CallOptions) => Effect.Effect<Omit<Run, "arrived" | "executed">>

const nameOf = (error: unknown): string => {
  if (!(error instanceof Error)) return "error"
  const status: unknown = "status" in error ? error.status : undefined
  const name = error.constructor.name === "Error" ? error.name : error.constructor.name
  return typeof status === "number" ? `${name} ${status}` : name
}

/** Records an attempt for each call of `fetch`, and the waits between them. */
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
    const end = (failed: boolean, label: string) =>
      void this.segments.push({ kind: "attempt", from, to: this.now, failed, label })
    try {
      const response = await fetch(input, init)
      end(!response.ok, `HTTP ${response.status}`)
      return response
    } catch (error) {
      end(true, nameOf(error))
      throw error
    }
  }

  /** Ends the call. The time after the last headers belongs to the last attempt, or to the stream. */
  end(failed: boolean, label: string, stream: boolean): ReadonlyArray<Segment> {
    const { segments } = this
    const last = segments.at(-1)
    if (last === undefined || last.failed) return segments
    if (stream) return [...segments, { kind: "stream", from: last.to, to: this.now, failed, label }]
    return [...segments.slice(0, -1), { ...last, to: this.now, failed, label }]
  }
}

/** Returns the call through the package, or undefined if it is not installed. */
export const openaiCall: Effect.Effect<OpenaiCall | undefined> = Effect.promise(() =>
  import("openai").catch(() => undefined)
).pipe(
  Effect.map((openai) => {
    if (openai === undefined) return undefined
    return ({ maxMillis, name, origin, stream, timeout }: CallOptions) =>
      Effect.promise(async (interruption) => {
        const trace = new Trace()
        const limit = AbortSignal.timeout(maxMillis)
        const signal = AbortSignal.any([interruption, limit])
        const client = new openai.OpenAI({
          apiKey: "lab",
          baseURL: origin + inference,
          timeout,
          fetch: trace.fetch,
          // the report has no place for its warnings
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
          return limit.aborted ? outcomeOf(true, "no result yet") : outcomeOf(false, "success")
        } catch (error) {
          return outcomeOf(true, limit.aborted ? "no result yet" : nameOf(error))
        }
      })
  })
)
