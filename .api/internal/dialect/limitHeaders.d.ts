import { type HeadersInput } from "../http/headers.js"
import type { Resource, ServerLimit } from "../rateLimiter/model.js"
export type LimitsReader = (headers: HeadersInput, now: number, scale: number) => ReadonlyArray<ServerLimit>
export declare const amount: (text: string | undefined) => number | undefined
export declare const resetIn: (text: string | undefined) => number | undefined
export declare const resetAt: (text: string | undefined, now: number) => number | undefined
export declare const limitOf: (
  resource: Resource,
  admitted: number | undefined,
  remaining: number | undefined,
  resetAfter: number | undefined,
  scale: number
) => ReadonlyArray<ServerLimit>
export declare const tighter: (limits: ReadonlyArray<ServerLimit>) => ReadonlyArray<ServerLimit>
export declare const ietfLimits: LimitsReader
