import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Report, StepName } from "./internal/doctor/model.js"
import { type Workload } from "../Workload.js"
export { StepName, Side, Step, Finding, Section, Setting, Report } from "./internal/doctor/model.js"
export type {
  FindingEncoded,
  ReportEncoded,
  SectionEncoded,
  SettingEncoded,
  StepEncoded
} from "./internal/doctor/model.js"
export interface Options {
  readonly url?: string | undefined
  readonly apiKey?: Redacted.Redacted | undefined
  readonly accountId?: string | undefined
  readonly controlUrl?: string | undefined
  readonly model?: string | undefined
  readonly deployment?: string | undefined
  readonly timeout?: Duration.DurationInput | undefined
  readonly ca?: string | undefined
  readonly workload?: Workload | undefined
  readonly prefix?: string | undefined
  readonly onStep?: ((step: StepName) => Effect.Effect<void>) | undefined
}
export declare const exitStatus: (report: Report) => 0 | 1
export declare const examine: (options?: Options) => Effect.Effect<Report>
export declare const render: (
  report: Report,
  options?: {
    readonly colour?: boolean | undefined
  }
) => string
