import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as LogLevel from "effect/LogLevel"
import { type Notice } from "../call/notices.js"
type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>
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
export declare const defaultLevels: Levels
export type Fields = Readonly<Record<string, string | number | undefined>>
export declare const isWritten: (fiber: AnyFiber, level: LogLevel.LogLevel | undefined) => level is LogLevel.LogLevel
export declare const write: (fiber: AnyFiber, logLevel: LogLevel.LogLevel, message: string, fields: Fields) => void
export declare const spanOf: (millis: number) => string
export declare const writeNotice: (levels: Levels, notice: Notice, fiber: AnyFiber) => void
export declare const noted: (notice: Notice) => Effect.Effect<void>
export {}
