/**
 * Makes calls without a fault against the real API.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { performance } from "node:perf_hooks"
import type { ApiError } from "../../../ApiError.js"
import * as Fireworks from "../../../fireworks/Fireworks.js"
import * as Transport from "../../../node/Transport.js"
import { Recorder, workloads } from "./toolkitClient.js"
import type { Event, Line, Report, WorkloadName } from "./model.js"

export interface Settings {
  readonly apiKey: Redacted.Redacted
  readonly model: string
  readonly base: string
  readonly workloads: ReadonlyArray<WorkloadName>
  readonly onEvent: (event: Event) => void
}

interface Call {
  readonly fault: string
  readonly rule: string
  readonly events?: number
  readonly make: (
    fireworks: Fireworks.Fireworks,
    model: string,
    onEvent: () => void
  ) => Effect.Effect<unknown, ApiError>
}

const chatRequest = (model: string) => ({ model, messages: [{ role: "user" as const, content: "Hi" }], max_tokens: 1 })

const calls: ReadonlyArray<Call> = [
  { fault: "models", rule: "the list of models", make: ({ models }) => models() },
  { fault: "chat", rule: "one token, in one response", make: ({ chat }, model) => chat(chatRequest(model)) },
  {
    fault: "streamed chat",
    rule: "one token, as a stream",
    events: 0,
    make: ({ chatStream }, model, onEvent) =>
      Stream.runForEach(chatStream(chatRequest(model)), () => Effect.sync(onEvent))
  }
]

export const live = ({ apiKey, base, model, onEvent, workloads: names }: Settings): Effect.Effect<Report> =>
  Effect.gen(function* () {
    const at = yield* Clock.currentTimeMillis
    const since = performance.now()
    const client = yield* Transport.make()
    onEvent({ _tag: "Planned", calls: calls.length * names.length, openai: false })

    const made = (call: Call, workload: WorkloadName): Effect.Effect<Line> =>
      Effect.gen(function* () {
        const { fault, rule } = call
        onEvent({ _tag: "Began", fault, workload })
        const recorder = new Recorder((segments) =>
          onEvent({ _tag: "Progressed", fault, workload, segments: [...segments] })
        )
        const { record, onRetry } = recorder
        const fireworks = yield* Fireworks.make({
          apiKey,
          baseUrl: base,
          workload: workloads[workload],
          record,
          onRetry
        }).pipe(Effect.provideService(HttpClient.HttpClient, client))
        let { events } = call
        const error = yield* Effect.match(
          call.make(fireworks, model, () => void (events = (events ?? 0) + 1)),
          { onFailure: (error) => error, onSuccess: () => undefined }
        )
        const line: Line = {
          fault,
          rule,
          workload,
          truncated: false,
          ours: { ...recorder.run(error, events), arrived: undefined, executed: error === undefined ? 1 : 0 },
          theirs: undefined,
          counted: recorder.counted,
          expected: "success",
          mustFail: false,
          met: error === undefined,
          again: false
        }
        onEvent({ _tag: "Ended", fault, workload })
        return line
      })

    const lines: Array<Line> = []
    for (const call of calls) {
      const group = yield* Effect.forEach(names, (workload) => made(call, workload), { concurrency: names.length })
      lines.push(...group)
      // if no request could be sent, later calls would fail the same way
      if (group.every(({ ours }) => ours.delivery === "NotSent")) break
    }
    return {
      version: 1,
      scale: 1,
      server: base,
      at,
      millis: performance.now() - since,
      openai: undefined,
      lines
    } as const
  }).pipe(Effect.scoped)
