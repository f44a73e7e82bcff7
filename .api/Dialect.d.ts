import type { Kind } from "./ApiError.js"
export type Target = "serverless" | "dedicated"
export interface Condition {
  readonly status?: number | undefined
  readonly code?: string | undefined
  readonly target?: Target | undefined
  readonly says?: RegExp | undefined
}
export type Meaning = Kind & {
  readonly advice?: string | undefined
  readonly executed?: boolean | undefined
  readonly source: string
}
export type Entry = Condition & Meaning
export interface Dialect {
  readonly name: string
  readonly entries: ReadonlyArray<Entry>
  readonly requestIdHeaders: ReadonlyArray<string>
  readonly index: ReadonlyMap<number | string, ReadonlyArray<Entry>>
}
export interface Options {
  readonly name: string
  readonly base?: Dialect | undefined
  readonly entries: ReadonlyArray<Entry>
  readonly requestIdHeaders?: ReadonlyArray<string> | undefined
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
export declare const generic: Dialect
export declare const fireworks: Dialect
export declare const openai: Dialect
export declare const anthropic: Dialect
