import type { Kind } from "../../ApiError.js"
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
