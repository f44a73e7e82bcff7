import * as Dialect from "../../../Dialect.js"
import type { Resource } from "../../../internal/rateLimiter/model.js"
import type { HeaderStyle, ServerOptions } from "./model.js"
export type Headers = Readonly<Record<string, string>>
export interface NamedLimit {
  readonly resource: Resource
  readonly perMinute: number
  readonly remaining: number
  readonly reset: number
}
export declare const noHeaders: Headers
export declare const dialectOf: (style: HeaderStyle) => Dialect.Dialect
export declare const hintHeaders: (
  form: NonNullable<ServerOptions["hint"]>,
  millis: number,
  wallTime: number
) => Headers
export declare const limitHeaders: (
  style: HeaderStyle,
  limits: ReadonlyArray<NamedLimit>,
  misstated: number,
  wallTime: number
) => Headers
