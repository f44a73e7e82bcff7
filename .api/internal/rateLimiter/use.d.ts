import type { RateLimiter, Use } from "./service.js"
export declare const slackOf: (owner: string, { classes }: Pick<RateLimiter, "classes">, name?: string) => number
export interface CheckedUse extends Use {
  readonly slack: number
}
export declare const checkUse: (owner: string, given: RateLimiter | Use) => CheckedUse
