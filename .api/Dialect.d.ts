import type { Entry, Target } from "./internal/dialect/model.js"
export type { Entry, Condition, Target, Meaning } from "./internal/dialect/model.js"
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
