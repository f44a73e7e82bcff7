import type { LimitsReader } from "./internal/dialect/limitHeaders.js"
import type { HeadersInput } from "./internal/http/headers.js"
import type { ServerLimit } from "./internal/rateLimiter/model.js"
import type { Entry, Target } from "./internal/dialect/model.js"
export type { LimitsReader } from "./internal/dialect/limitHeaders.js"
export type { Entry, Condition, Target, Meaning } from "./internal/dialect/model.js"
export type { Resource, ServerLimit } from "./internal/rateLimiter/model.js"
export interface Dialect {
  readonly name: string
  readonly entries: ReadonlyArray<Entry>
  readonly requestIdHeaders: ReadonlyArray<string>
  readonly index: ReadonlyMap<number | string, ReadonlyArray<Entry>>
  readonly limits: LimitsReader
  readonly limitsPer: "second" | "minute" | "hour" | "day"
}
export interface Options {
  readonly name: string
  readonly base?: Dialect | undefined
  readonly entries: ReadonlyArray<Entry>
  readonly requestIdHeaders?: ReadonlyArray<string> | undefined
  readonly limits?: LimitsReader | undefined
  readonly limitsPer?: Dialect["limitsPer"] | undefined
}
export declare const make: (options: Options) => Dialect
export declare const lookup: (
  dialect: Dialect,
  answer: {
    readonly status: number
    readonly codes: ReadonlyArray<string>
    readonly target?: Target | undefined
    readonly text?: string | undefined
  }
) => Entry
export declare const limits: (dialect: Dialect, headers: HeadersInput, now: number) => ReadonlyArray<ServerLimit>
export declare const generic: Dialect
export declare const fireworks: Dialect
export declare const openai: Dialect
export declare const anthropic: Dialect
