import type { About } from "../call/model.js"
import type { Entry } from "./engine.js"
import type { RateLimiter, Use } from "./service.js"
export declare const slackOf: (owner: string, { classes }: Pick<RateLimiter, "classes">, name?: string) => number
export interface CheckedUse extends Use {
  readonly slack: number
}
export declare const checkUse: (owner: string, given: RateLimiter | Use) => CheckedUse
export declare const entryOf: (
  { cost, key, slack }: CheckedUse,
  about: Pick<About, "host" | "model"> | undefined,
  left: number,
  order: number | undefined
) => Entry
