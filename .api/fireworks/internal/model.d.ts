import type * as Workload from "../../Workload.js"
export interface CallOptions {
  readonly workload?: Workload.Workload | undefined
  readonly sessionAffinity?: string | undefined
  readonly multiTurnSession?: string | undefined
  readonly requestId?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}
