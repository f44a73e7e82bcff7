/**
 * Writes log lines from synchronous code, and logs the notices of policies, stores and jobs.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import * as LogLevel from "effect/LogLevel"
import { hasLogs, type Notice, notify } from "../call/notices.js"
import { clockOf } from "../clock.js"
import { withoutAccount } from "../redact.js"

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** The level of each kind of line; undefined if it is not logged. */
export interface Levels {
  readonly retry: LogLevel.LogLevel | undefined
  readonly giveUp: LogLevel.LogLevel | undefined
  readonly failure: LogLevel.LogLevel | undefined
  readonly transition: LogLevel.LogLevel | undefined
  readonly pause: LogLevel.LogLevel | undefined
  readonly outage: LogLevel.LogLevel | undefined
  readonly resumed: LogLevel.LogLevel | undefined
  readonly optimizerLost: LogLevel.LogLevel | undefined
}

export const defaultLevels: Levels = {
  retry: LogLevel.Debug,
  giveUp: LogLevel.Warning,
  failure: LogLevel.Debug,
  transition: LogLevel.Warning,
  pause: LogLevel.Info,
  outage: LogLevel.Warning,
  resumed: LogLevel.Info,
  optimizerLost: LogLevel.Error
}

/** The annotations of a line. Undefined ones are left out. */
export type Fields = Readonly<Record<string, string | number | undefined>>

/** Tests whether a fiber logs lines of a level. */
export const isWritten = (fiber: AnyFiber, level: LogLevel.LogLevel | undefined): level is LogLevel.LogLevel =>
  level !== undefined && !LogLevel.greaterThan(fiber.getFiberRef(FiberRef.currentMinimumLogLevel), level)

/** Writes a line with the loggers and annotations of a fiber, as `Effect.log` does. */
export const write = (fiber: AnyFiber, logLevel: LogLevel.LogLevel, message: string, fields: Fields): void => {
  let annotations = fiber.getFiberRef(FiberRef.currentLogAnnotations)
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) annotations = HashMap.set(annotations, name, value)
  }
  const line = {
    fiberId: fiber.id(),
    logLevel,
    message: [message],
    cause: Cause.empty,
    context: fiber.getFiberRefs(),
    spans: fiber.getFiberRef(FiberRef.currentLogSpan),
    annotations,
    date: new Date(clockOf(fiber).unsafeCurrentTimeMillis())
  }
  for (const logger of fiber.getFiberRef(FiberRef.currentLoggers)) logger.log(line)
}

/** Formats milliseconds, rounded to whole ones. */
export const spanOf = (millis: number): string => Duration.format(Duration.millis(Math.round(millis)))

const lineOf = (notice: Notice): readonly [keyof Levels, string, Fields] | undefined => {
  switch (notice._tag) {
    case "Transition": {
      const { transition } = notice
      const { from, key, to } = transition
      const open =
        transition.to === "Open"
          ? { wait: Duration.format(transition.retryAfter), openings: transition.consecutiveOpenings }
          : {}
      return ["transition", "a circuit changed its state", { key: withoutAccount(key), from, to, ...open }]
    }
    case "Paused": {
      const { by, key, millis } = notice
      const reason = by === "refusals" ? "RateLimit" : "Transient"
      return [
        "pause",
        "a rate limiter holds back all calls",
        { key: withoutAccount(key), reason, wait: spanOf(millis) }
      ]
    }
    case "StoreUnavailable":
      return notice.isFirst ? ["outage", notice.detail, { policy: notice.policy }] : undefined
    case "Resumed":
      return ["resumed", "a job was resumed", { job: notice.job, kind: notice.kind }]
    case "OptimizerLost": {
      const { job, kind, resumed } = notice
      const text = "the state of the optimizer is lost: the trainer runs again without a checkpoint from before"
      return ["optimizerLost", text, { job, kind, resumed }]
    }
    case "Refused":
      return undefined
  }
}

/** Logs a notice. */
export const writeNotice = (levels: Levels, notice: Notice, fiber: AnyFiber): void => {
  const [kind, message, fields] = lineOf(notice) ?? []
  if (kind === undefined || message === undefined || fields === undefined) return
  const level = levels[kind]
  if (isWritten(fiber, level)) write(fiber, level, message, fields)
}

/** Sends a notice, and logs it at its default level if no listener logs notices. */
export const noted = (notice: Notice): Effect.Effect<void> =>
  Effect.withFiberRuntime((fiber) => {
    notify(notice, fiber)
    if (!hasLogs()) writeNotice(defaultLevels, notice, fiber)
    return Effect.void
  })
