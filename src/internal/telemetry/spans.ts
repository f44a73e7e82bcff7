/**
 * Spans of calls and of their attempts.
 *
 * An attempt that reaches its time limit is interrupted from outside. Its span must not end as interrupted, but with the
 * failure and its reason. Therefore spans end with the outcome that the owner of the retries reports.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { ApiError } from "../../ApiError.js"
import { type Attribute, attributes, names } from "./names.js"
import { cleaned, showing } from "./showing.js"
import { currentCall, isCopy } from "../call/context.js"
import { clockOf } from "../clock.js"
import { withoutAccount } from "../redact.js"
import type { Outcome, Around, Begun, Observed, Observer } from "../call/model.js"

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** The error of a span: a summary without the URL, which the error's message contains. */
class Failure {
  readonly name: string
  readonly summary: string
  constructor({ _tag, delivery, phase, reason, status }: ApiError) {
    this.name = _tag
    this.summary = [reason, phase, delivery, status && `HTTP ${status}`].filter(Boolean).join(", ")
  }
  toString(): string {
    return this.summary
  }
}

const aborted = /*#__PURE__*/ Exit.interrupt(FiberId.none)

const exitOf = (error: ApiError | undefined): Exit.Exit<unknown, unknown> => {
  if (error === undefined) return Exit.void
  return error.reason === "Aborted" ? aborted : Exit.fail(new Failure(error))
}

type Value = string | number | boolean | ReadonlyArray<string>

type Values = { readonly [K in Attribute]?: Value | undefined }

const named = (values: Values): Record<string, Value> => {
  const record: Record<string, Value> = {}
  for (const [attribute, value] of Object.entries(values)) {
    // the type of `values` restricts its keys
    if (value !== undefined) record[attributes[attribute as Attribute].name] = value
  }
  return record
}

/** Returns the nearest span whose propagation is not disabled. */
const propagated = (span: Tracer.AnySpan | undefined): Option.Option<Tracer.AnySpan> => {
  let at = span
  while (at !== undefined && Context.get(at.context, Tracer.DisablePropagation)) {
    at = at._tag === "Span" ? Option.getOrUndefined(at.parent) : undefined
  }
  return Option.fromNullable(at)
}

/** Runs code of the application's tracer. Its exceptions must not fail the call. */
const safely = <A>(f: () => A): A | undefined => {
  try {
    return f()
  } catch {
    return undefined
  }
}

/** A span that has begun and can be ended once. */
class OpenSpan {
  readonly span: Tracer.Span
  readonly clock: Clock.Clock
  readonly timed: boolean
  ended = false

  constructor(
    fiber: AnyFiber,
    name: string,
    values: Values,
    {
      ago = 0,
      parent = fiber.currentSpan
    }: { readonly ago?: number; readonly parent?: Tracer.AnySpan | undefined } = {}
  ) {
    this.clock = clockOf(fiber)
    this.timed = fiber.getFiberRef(FiberRef.currentTracerTimingEnabled)
    const links = Chunk.toReadonlyArray(fiber.getFiberRef(FiberRef.currentTracerSpanLinks))
    const record = named(values)
    const startTime = this.timed ? this.now() - BigInt(Math.round(ago * 1e6)) : BigInt(0)
    this.span = fiber.currentTracer.span(name, propagated(parent), Context.empty(), links, startTime, "client", {
      attributes: record,
      kind: "client"
    })
    HashMap.forEach(fiber.getFiberRef(FiberRef.currentTracerSpanAnnotations), (value, key) =>
      this.span.attribute(key, value)
    )
    this.set(record)
  }

  now(): bigint {
    return this.timed ? this.clock.unsafeCurrentTimeNanos() : BigInt(0)
  }

  set(record: Record<string, Value>): void {
    for (const [name, value] of Object.entries(record)) this.span.attribute(name, value)
  }

  end(exit: Exit.Exit<unknown, unknown>, values: Values): void {
    if (this.ended) return
    this.ended = true
    safely(() => {
      this.set(named(values))
      this.span.end(this.now(), exit)
    })
  }

  /** Runs an effect with this span as the parent. */
  around<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.mapInputContext(effect, (context: Context.Context<R>) =>
      Context.add(context, Tracer.ParentSpan, this.span)
    )
  }
}

const failed = (error: ApiError | undefined): Values =>
  error === undefined ? {} : { error: error.reason, delivery: error.delivery, phase: error.phase }

/** Returns the address and the port of a call. The port is a number, as OpenTelemetry's conventions require. */
const endpoint = (of: Pick<Outcome, "about" | "workload">): Values => {
  const { address, port } = showing(of)
  return { address, port: port === undefined ? undefined : Number(port) }
}

/** Returns the facts that a model's response stated about itself. */
const stated = ({ about: { response } }: Pick<Outcome, "about">): Values =>
  response === undefined
    ? {}
    : {
        responseId: response.id,
        responseModel: response.model === undefined ? undefined : cleaned(withoutAccount(response.model)),
        finishReasons: response.finishReasons,
        inputTokens: response.inputTokens,
        outputTokens: response.outputTokens
      }

/** Returns the time until the first event of a call that opened a stream. */
const firstChunk = ({ about, error, millis }: Outcome): Values =>
  about.stream === true && error === undefined ? { firstChunk: millis / 1000 } : {}

/** The spans of one call. */
class Spans implements Observed {
  readonly begun: Begun
  call: OpenSpan | undefined
  attempt: OpenSpan | undefined
  attempts = 0
  waited: string | undefined

  constructor(begun: Begun) {
    this.begun = begun
  }

  readonly aroundCall: Around = (effect) =>
    Effect.withFiberRuntime((fiber) => {
      const shown = showing(this.begun)
      const { model, operation, workload } = shown
      const stream = this.begun.about.stream === true || undefined
      const known = operation !== undefined && model !== undefined
      const name = known ? `${operation} ${model}` : names.spanOfCall.name
      const copy = isCopy(fiber.getFiberRef(currentCall)) ? "hedge" : undefined
      const call = safely(
        () =>
          new OpenSpan(fiber, name, { ...(known ? { ...shown, stream } : { workload }), ...endpoint(this.begun), copy })
      )
      if (call === undefined) return effect
      this.call = call
      // an interruption during a wait is reported only after the fiber has ended
      return Effect.ensuring(
        call.around(effect),
        Effect.sync(() => call.end(aborted, { ...endpoint(this.begun), attempts: this.attempts, error: "Aborted" }))
      )
    })

  readonly aroundAttempt = (attempt: number): Around => {
    this.attempts = attempt
    return (effect) =>
      Effect.withFiberRuntime((fiber) => {
        const { begun, waited } = this
        const { method } = begun.about
        const { workload } = showing(begun)
        const resend = attempt === 1 ? undefined : attempt - 1
        this.attempt = safely(
          () => new OpenSpan(fiber, names.spanOfAttempt.name, { workload, ...endpoint(begun), method, resend, waited })
        )
        return this.attempt?.around(effect) ?? effect
      })
  }

  readonly waits: Observed["waits"] = ({ step }) => {
    this.waited = step.why
  }

  readonly notify = (outcome: Outcome): void => {
    const { about, attempt, error, of, why } = outcome
    const exit = exitOf(error)
    // the host may have become known during the request
    const values = { ...endpoint(outcome), ...failed(error) }
    if (of === "attempt")
      this.attempt?.end(exit, { ...values, status: error === undefined ? about.status : error.status })
    else {
      const { model, operation, stream } = about
      const isGeneration = operation !== undefined && model !== undefined
      const facts = isGeneration ? { ...(stream === true ? firstChunk(outcome) : stated(outcome)) } : {}
      this.call?.end(exit, { ...values, ...facts, stopped: why, attempts: attempt })
    }
  }
}

/** Returns the handlers for a stream. Its span is made when the stream ends, with an earlier start, so none is left open. */
const ofStream = (fiber: AnyFiber): Observed => {
  const parent = fiber.currentSpan
  return {
    notify: (outcome) => {
      const values = { ...showing(outcome), ...endpoint(outcome) }
      const span = new OpenSpan(fiber, names.spanOfStream.name, values, { ago: outcome.millis, parent })
      span.end(exitOf(outcome.error), { ...stated(outcome), ...failed(outcome.error) })
    }
  }
}

const silent: Observed = { notify: () => {} }

/** The observer that makes spans. */
export const spansObserver: Observer = {
  begin: (begun, fiber) => {
    if (!fiber.getFiberRef(FiberRef.currentTracerEnabled)) return silent
    return begun.of === "stream" ? ofStream(fiber) : new Spans(begun)
  }
}
