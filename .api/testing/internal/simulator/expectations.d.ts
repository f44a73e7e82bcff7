import * as Duration from "effect/Duration"
import type { Report } from "./report.js"
export interface ClassExpectations {
  readonly p50?: Duration.DurationInput | undefined
  readonly p99?: Duration.DurationInput | undefined
  readonly failed?: number | undefined
}
export interface Expectations {
  readonly goodput?: number | undefined
  readonly attemptsPerSuccess?: number | undefined
  readonly amplification?: number | undefined
  readonly failed?: number | undefined
  readonly jain?: number | undefined
  readonly peak?: number | undefined
  readonly recovery?: Duration.DurationInput | undefined
  readonly convergence?: Duration.DurationInput | undefined
  readonly wasted?: number | undefined
  readonly classes?: Readonly<Record<string, ClassExpectations>> | undefined
}
declare const Unmet_base: new <A extends Record<string, any> = {}>(
  args: import("effect/Types").VoidIfEmpty<{ readonly [P in keyof A as P extends "_tag" ? never : P]: A[P] }>
) => import("effect/Cause").YieldableError & {
  readonly _tag: "Unmet"
} & Readonly<A>
export declare class Unmet extends Unmet_base<{
  readonly message: string
  readonly report: Report
}> {}
export declare const messageOf: (report: Report, expected: Expectations) => string | undefined
export {}
