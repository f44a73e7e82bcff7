import * as Effect from "effect/Effect"
export declare const attempt: <A>(f: () => A) => A | undefined
export declare const evaluate: <A, E, R>(f: () => Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
export declare const read: (u: unknown, key: PropertyKey) => unknown
export declare const list: (u: unknown) => ReadonlyArray<unknown>
export declare const nameOf: (u: unknown) => string | undefined
export declare const codeOf: (u: unknown) => string | undefined
export declare const chain: (u: unknown) => ReadonlyArray<unknown>
export declare class CauseSummary {
  readonly name: string
  readonly code?: string
  readonly cause?: CauseSummary
  constructor(name: string, code: string | undefined, cause: CauseSummary | undefined)
  toString(): string
}
export declare const reduce: (u: unknown) => CauseSummary | undefined
