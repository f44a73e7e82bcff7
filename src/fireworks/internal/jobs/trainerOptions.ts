/**
 * The options of trainer and fine-tuning jobs: their defaults and checks, and the waits that they describe.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import type * as Stream from "effect/Stream"
import type { ApiError } from "../../../ApiError.js"
import { number, oneOf } from "../../../internal/options.js"
import type * as Workload from "../../../Workload.js"
import type * as Fireworks from "../../Fireworks.js"
import * as jobs from "./lifecycle.js"
import {
  Checkpoint,
  type Kind,
  type ReadyOptions,
  type ReconnectOptions,
  type Resumable,
  type Risk,
  TrainerJob
} from "./model.js"
import { limitsOf, paths, type Wait } from "./trainerWait.js"

const kinds: ReadonlyArray<Kind> = ["trainer", "supervised", "reinforcement", "preference"]

export const kindOf = (owner: string, options: { readonly kind?: Kind | undefined }): Kind =>
  oneOf(owner, "kind", options.kind ?? "trainer", kinds)

export const collectionOf = (kind: Kind) => ({ path: paths[kind], schema: TrainerJob })

const resumables: ReadonlyArray<Resumable> = ["FAILED", "CANCELLED", "PAUSED", "COMPLETED"]

/** Returns the default of `resumableStates`. A completed fine-tuning job has its result, and is not resumed. */
const resumableOf = (kind: Kind): ReadonlyArray<Resumable> =>
  kind === "trainer" ? resumables : resumables.filter((state) => state !== "COMPLETED")

/** Returns the risk unless the interval is above 0. Throws on an invalid interval. */
export const riskOf = (owner: string, given: number | undefined): Risk | undefined => {
  const interval = given === undefined ? undefined : number(owner, "dcpSaveInterval", given, { integer: true })
  if (interval !== undefined && interval > 0) return undefined
  const advice =
    interval === undefined
      ? "Checkpoints with the optimizer's state may not be saved, because the default is to save none: set dcp_save_interval above 0 in the training program, and pass the same value as dcpSaveInterval."
      : "No checkpoints with the optimizer's state are saved, so an interruption loses it: set dcp_save_interval above 0 in the training program."
  return { _tag: "OptimizerStateAtRisk", interval: interval === undefined ? undefined : 0, advice }
}

/** Returns a stream of a trainer's checkpoints. */
export const checkpointsOf = (
  id: string,
  pageSize: number,
  workload: Workload.Workload
): Stream.Stream<Checkpoint, ApiError, Fireworks.Fireworks> =>
  jobs.listed({
    path: `${paths.trainer}/${id}/checkpoints`,
    key: "checkpoints",
    schema: Checkpoint,
    workload,
    parameters: { pageSize }
  })

export const waitOf = (owner: string, options: ReadyOptions, ready: Duration.DurationInput): Wait => {
  const kind = kindOf(owner, options)
  const { workload = jobs.looking } = options
  return {
    kind,
    workload,
    limits: limitsOf(owner, options, ready),
    resumable: resumableOf(kind),
    get: (id) => jobs.get(collectionOf(kind), id, workload),
    checkpoints: (id) => checkpointsOf(id, 200, workload)
  }
}

/** Returns the wait that `reconnectAndWait` carries out. Throws on invalid options. */
export const reconnecting = (owner: string, options: ReconnectOptions): Wait => {
  const wait = waitOf(owner, options, "10 minutes")
  const resumable = options.resumableStates ?? wait.resumable
  for (const state of resumable) oneOf(owner, "resumableStates", state, resumables)
  const resumes = number(owner, "resumes", options.resumes ?? 3, { integer: true })
  return { ...wait, limits: { ...wait.limits, resumes }, resumable, atRisk: riskOf(owner, options.dcpSaveInterval) }
}
