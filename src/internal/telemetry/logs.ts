/**
 * Logs retries, calls that are given up, and the notices of policies, stores and jobs.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { globalValue } from "effect/GlobalValue"
import * as LogLevel from "effect/LogLevel"
import type { ApiError } from "../../ApiError.js"
import type { AnyFiber, Backoff, Observed, Observer, Outcome, Subject } from "../call/model.js"
import type { Listener } from "../call/notices.js"
import { oneOf } from "../options.js"
import { defaultLevels, type Fields, isWritten, type Levels, spanOf, write, writeNotice } from "./logLines.js"
import { showing } from "./showing.js"

/** The name of a level; `None` switches a kind of line off. */
export type Level = "Fatal" | "Error" | "Warning" | "Info" | "Debug" | "Trace" | "None"

const levels: ReadonlyArray<Level> = ["Fatal", "Error", "Warning", "Info", "Debug", "Trace", "None"]

/** Returns the levels that some options select. Throws on an invalid one. */
export const levelsOf = (owner: string, options: { readonly [K in keyof Levels]?: Level | undefined }): Levels => {
  const chosen: { -readonly [K in keyof Levels]: Levels[K] } = { ...defaultLevels }
  for (const [kind, level] of Object.entries(options)) {
    if (level === undefined) continue
    const name = oneOf(owner, kind, level, levels)
    // the type of the options restricts their keys
    chosen[kind as keyof Levels] = name === "None" ? undefined : LogLevel.fromLiteral(name)
  }
  return chosen
}

const fieldsOf = (of: Subject, { code, delivery, phase, reason, requestId, status }: ApiError): Fields => {
  const { address, model, operation, workload } = showing(of)
  return { workload, operation, model, address, reason, delivery, phase, status, code, requestId }
}

/** The lines of one call. */
class LoggedCall implements Observed {
  readonly levels: Levels
  readonly fiber: AnyFiber

  constructor(levels: Levels, fiber: AnyFiber) {
    this.levels = levels
    this.fiber = fiber
  }

  // a getter, so that a call without a retry does not pay for the function
  get waits(): (waiting: Backoff) => void {
    return (waiting) => {
      const { retry } = this.levels
      if (!isWritten(this.fiber, retry)) return
      const { attempt, why } = waiting.step
      const fields = { ...fieldsOf(waiting, waiting.error), attempt, why, wait: spanOf(waiting.millis) }
      write(this.fiber, retry, "an attempt failed and is retried", fields)
    }
  }

  notify(outcome: Outcome): void {
    const { attempt, composite, error, millis, of, why } = outcome
    // calls inside a composite call are logged by themselves
    if (error === undefined || of === "attempt" || composite || error.reason === "Aborted") return
    const isFirst = of === "call" && error._tag === "Fatal" && attempt <= 1
    const level = isFirst ? this.levels.failure : this.levels.giveUp
    if (!isWritten(this.fiber, level)) return
    const text = of === "stream" ? "a stream failed" : isFirst ? "a call failed" : "a call failed and is given up"
    write(this.fiber, level, text, { ...fieldsOf(outcome, error), attempt, why, duration: spanOf(millis) })
  }
}

/** The observer and the listener that log with the same levels. */
export interface Logs {
  readonly observer: Observer
  readonly listener: Listener
}

const make = (levels: Levels): Logs => ({
  observer: { late: true, begin: (_, fiber) => new LoggedCall(levels, fiber) },
  listener: {
    logs: true,
    receive: (notice, fiber) => {
      if (fiber !== undefined) return writeNotice(levels, notice, fiber)
      // outside of all fibers, the loggers of the default runtime are the only ones
      Effect.runSync(Effect.withFiberRuntime((own) => Effect.sync(() => writeNotice(levels, notice, own))))
    }
  }
})

/** Returns what logs with some levels. Layers with the same levels share it: two would log each line twice. */
export const logsOf = (levels: Levels): Logs => {
  const known = globalValue(Symbol.for("effect-reliability/Telemetry/logs"), () => new Map<string, Logs>())
  const key = Object.keys(defaultLevels)
    .map((kind) => levels[kind as keyof Levels]?._tag ?? "None")
    .join()
  let logs = known.get(key)
  if (logs === undefined) known.set(key, (logs = make(levels)))
  return logs
}
