import type * as Duration from "effect/Duration"
import type { Dashboard, RuleFile } from "./internal/dashboards/model.js"
export type { Alert, Dashboard, Recording, RuleFile } from "./internal/dashboards/model.js"
export interface Options {
  readonly successRatio?: number | undefined
  readonly attemptsPerCall?: number | undefined
  readonly limiterWaiting?: number | undefined
  readonly firstToken?: Duration.DurationInput | undefined
  readonly clientSideLoss?: number | undefined
}
export declare const grafana: () => Dashboard
export declare const rules: (options?: Options) => RuleFile
