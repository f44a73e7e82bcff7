import * as Effect from "effect/Effect"
import * as Workload from "../../../Workload.js"
import type { ApiError } from "../../../ApiError.js"
import type { Apply, Policy, Response } from "./model.js"
export declare const toolkit: (workload: Workload.Workload) => Effect.Effect<Apply<Response, ApiError, never>>
export declare const policies: {
  readonly [_ in "none" | "documented" | "sdk" | "toolkit"]: Policy
}
