/** Fixtures of the tests in Telemetry/. */
import { Cause, Effect, Fiber, Option, TestClock, Tracer } from "effect"
import { ApiError, Retry, Telemetry, Workload } from "effect-reliability"

export interface SeenSpan extends Tracer.Span {
  readonly attributes: Map<string, unknown>
  status: Tracer.SpanStatus
}

/** Makes a tracer that records all spans in the order of their start. */
export const recorder = () => {
  const spans: Array<SeenSpan> = []
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      const span: SeenSpan = {
        _tag: "Span",
        name,
        parent,
        context,
        links,
        kind,
        spanId: `span-${spans.length}`,
        traceId: Option.match(parent, { onNone: () => `trace-${spans.length}`, onSome: ({ traceId }) => traceId }),
        sampled: true,
        attributes: new Map(),
        status: { _tag: "Started", startTime },
        end: (endTime, exit) => {
          if (span.status._tag === "Ended") throw new Error(`${name} ended twice`)
          span.status = { _tag: "Ended", startTime, endTime, exit }
        },
        attribute: (key, value) => void span.attributes.set(key, value),
        event: () => {},
        addLinks: () => {}
      }
      spans.push(span)
      return span
    },
    context: (f) => f()
  })
  return { spans, tracer }
}

export const attributesOf = (span: SeenSpan | undefined) => Object.fromEntries(span?.attributes ?? [])

/** Describes the end of a span and its duration in milliseconds. */
export const endOf = (span: SeenSpan | undefined) => {
  if (span?.status._tag !== "Ended") return "still open"
  const { endTime, exit, startTime } = span.status
  const how = exit._tag === "Success" ? "ok" : Cause.isInterruptedOnly(exit.cause) ? "interrupted" : "error"
  return `${how} after ${(endTime - startTime) / 1_000_000n} ms`
}

export const failing = (...errors: ReadonlyArray<ApiError.ApiError>) => {
  const left = [...errors]
  return Effect.suspend(() => {
    const error = left.shift()
    return error === undefined ? Effect.succeed("an answer") : Effect.fail(error)
  })
}

export const unavailable = new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503 })

export const exactly = (name: string, options: Partial<Workload.Options> = {}) =>
  Workload.make({
    name,
    timeouts: { attempt: "10 seconds" },
    deadline: "1 minute",
    retry: Retry.make({ attempts: 3, base: "1 second", jitter: "none" }),
    ...options
  })

/** Runs a program with telemetry through all its waits, and returns its exit and spans. */
export const traced = <A, E>(effect: Effect.Effect<A, E>, wait = "10 minutes" as const) =>
  Effect.gen(function* () {
    const { spans, tracer } = recorder()
    const fiber = yield* Effect.fork(
      effect.pipe(Effect.provide(Telemetry.layer()), Effect.withTracer(tracer), Effect.exit)
    )
    yield* TestClock.adjust(wait)
    const exit = yield* Fiber.join(fiber)
    return { exit, spans }
  })

export const chat = (content = "Hello") => ({
  model: "accounts/fireworks/models/kimi-k2",
  messages: [{ role: "user" as const, content }]
})
