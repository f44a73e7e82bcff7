/**
 * Decides whether the optimizer's state of a trainer survived an interruption: plain functions over the job's snapshots.
 *
 * An interrupted trainer continues from its newest earlier checkpoint with the optimizer's state. Compared times are the
 * server's. The local clock is used only for snapshots without `updateTime`, and for confirmed resumptions.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import { stateOf } from "./lifecycle.js"
import type { Checkpoint, Optimizer, TrainerJob } from "./model.js"

/** The history of a job so far. Times are milliseconds since 1970. */
export interface Past {
  /** Time of the latest interruption. */
  readonly interruptedAt: number | undefined
  /** Latest time at which the job was running. */
  readonly ranAt: number | undefined
  /** True if the latest snapshot shows a stopped job. */
  readonly stopped: boolean
  /** True if the job was resumed, and the response was lost. */
  readonly unconfirmed: boolean
  /** Number of times this wait resumed the job. */
  readonly resumed: number
}

export const nothingSeen: Past = {
  interruptedAt: undefined,
  ranAt: undefined,
  stopped: false,
  unconfirmed: false,
  resumed: 0
}

/** The states of a stopped job. */
const stoppedStates: ReadonlySet<string> = /*#__PURE__*/ new Set(["FAILED", "CANCELLED", "PAUSED", "COMPLETED"])

/** The states before a job runs. */
const waitingStates: ReadonlySet<string> = /*#__PURE__*/ new Set(["CREATING", "PENDING"])

const millisOf = (time: string | null | undefined): number | undefined => {
  const millis = Date.parse(time ?? "")
  return Number.isNaN(millis) ? undefined : millis
}

const later = (a: number | undefined, b: number): number => (a === undefined ? b : Math.max(a, b))

/** Adds a snapshot to the history of a job. A snapshot older than the recorded times does not change them. */
export const afterSight = (past: Past, job: TrainerJob, now: number): Past => {
  const state = stateOf(job)
  const at = millisOf(job.updateTime) ?? now
  const stopped = stoppedStates.has(state)
  const taken = past.unconfirmed && !stopped
  const next: Past = {
    ...past,
    stopped,
    unconfirmed: past.unconfirmed && stopped,
    resumed: past.resumed + (taken ? 1 : 0)
  }
  if (state === "RUNNING") return { ...next, ranAt: later(past.ranAt, at) }
  const again = waitingStates.has(state) && at > (past.ranAt ?? Infinity)
  const interrupted = stopped || state === "RE_QUEUEING" || again
  return interrupted ? { ...next, interruptedAt: later(past.interruptedAt, at) } : next
}

/**
 * Adds a resumption to the history of a job.
 *
 * A confirmed resumption counts as an interruption at `now`, if none was recorded. After a lost response, the next snapshot
 * decides whether the job was resumed.
 */
export const afterResume = (past: Past, now: number, confirmed: boolean): Past =>
  confirmed
    ? { ...past, unconfirmed: false, interruptedAt: past.interruptedAt ?? now, resumed: past.resumed + 1 }
    : { ...past, unconfirmed: past.stopped }

/** Returns true if a checkpoint holds the optimizer's state. Checkpoints for inference do not. */
export const hasOptimizer = ({ checkpointType }: Checkpoint): boolean =>
  /^(?:CHECKPOINT_TYPE_)?TRAINING(?:_LORA)?$/.test(checkpointType ?? "")

/** The newest checkpoint from before an interruption, among those read so far. */
export interface Newest {
  readonly checkpoint: Option.Option<Checkpoint>
  readonly at: number
  /** True if a checkpoint has no time, so that the newest one is uncertain. */
  readonly undated: boolean
}

export const noCheckpoint: Newest = { checkpoint: Option.none(), at: -Infinity, undated: false }

/** Adds a checkpoint. Checkpoints may come in any order. */
export const afterCheckpoint = (newest: Newest, checkpoint: Checkpoint, interruptedAt: number): Newest => {
  if (!hasOptimizer(checkpoint)) return newest
  const at = millisOf(checkpoint.createTime)
  if (at === undefined) return { ...newest, undated: true }
  return at <= interruptedAt && at > newest.at ? { ...newest, checkpoint: Option.some(checkpoint), at } : newest
}

export const optimizerOf = ({ checkpoint, undated }: Newest): Optimizer => {
  if (undated) return { _tag: "Unknown", why: "a checkpoint has no valid createTime" }
  return Option.match(checkpoint, {
    onNone: () => ({ _tag: "Lost" }),
    onSome: (checkpoint) => ({ _tag: "Preserved", checkpoint })
  })
}
