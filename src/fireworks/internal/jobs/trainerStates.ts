/**
 * What became of a trainer's optimizer: plain functions over what was seen of the job.
 *
 * An interrupted trainer goes on from the newest checkpoint with optimizer that it had saved before. The times that are
 * compared are all the server's, as far as it tells them.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import { stateOf } from "./lifecycle.js"
import type { Checkpoint, Optimizer, TrainerJob } from "./model.js"

/** What was seen of a job so far; times are milliseconds since 1970. */
export interface Past {
  /** Until when it had run, when it was interrupted last. */
  readonly interruptedAt: number | undefined
  /** When it was last seen to run. */
  readonly ranAt: number | undefined
  /** Whether it was last seen to have stopped. */
  readonly stopped: boolean
  /** Whether it was asked to be resumed, and the answer was lost. */
  readonly asked: boolean
  /** How often it was resumed by this wait. */
  readonly resumed: number
}

export const nothingSeen: Past = {
  interruptedAt: undefined,
  ranAt: undefined,
  stopped: false,
  asked: false,
  resumed: 0
}

/** In these it has stopped. */
const over: ReadonlySet<string> = /*#__PURE__*/ new Set(["FAILED", "CANCELLED", "PAUSED", "COMPLETED"])

/** In these it has none yet. */
const before: ReadonlySet<string> = /*#__PURE__*/ new Set(["CREATING", "PENDING"])

const millisOf = (time: string | null | undefined): number | undefined => {
  const millis = Date.parse(time ?? "")
  return Number.isNaN(millis) ? undefined : millis
}

const later = (a: number | undefined, b: number): number => (a === undefined ? b : Math.max(a, b))

/** What is known after one more sight of a job. A sight that is older than another adds nothing to it. */
export const afterSight = (past: Past, job: TrainerJob, now: number): Past => {
  const state = stateOf(job)
  const at = millisOf(job.updateTime) ?? now
  const stopped = over.has(state)
  const taken = past.asked && !stopped
  const next: Past = {
    ...past,
    stopped,
    asked: past.asked && stopped,
    resumed: past.resumed + (taken ? 1 : 0)
  }
  if (state === "RUNNING") return { ...next, ranAt: later(past.ranAt, at) }
  const again = before.has(state) && at > (past.ranAt ?? Infinity)
  const interrupted = stopped || state === "RE_QUEUEING" || again
  return interrupted ? { ...next, interruptedAt: later(past.interruptedAt, at) } : next
}

/**
 * What is known after the job was asked to be resumed. One that was, and was never seen to stop, did so before. Where the answer
 * was lost, a sight tells.
 */
export const afterResume = (past: Past, now: number, answered: boolean): Past =>
  answered
    ? { ...past, asked: false, interruptedAt: past.interruptedAt ?? now, resumed: past.resumed + 1 }
    : { ...past, asked: past.stopped }

/** Whether a checkpoint holds the optimizer's state; those for inference hold none. */
export const hasOptimizer = ({ checkpointType }: Checkpoint): boolean =>
  /^(?:CHECKPOINT_TYPE_)?TRAINING(?:_LORA)?$/.test(checkpointType ?? "")

/** The newer of two checkpoints that a job which was interrupted then can have gone on from; `undated` are uncertain. */
export interface Newest {
  readonly checkpoint: Option.Option<Checkpoint>
  readonly at: number
  readonly undated: boolean
}

export const noCheckpoint: Newest = { checkpoint: Option.none(), at: -Infinity, undated: false }

/** Goes through checkpoints one by one, in any order. */
export const afterCheckpoint = (newest: Newest, checkpoint: Checkpoint, interruptedAt: number): Newest => {
  if (!hasOptimizer(checkpoint)) return newest
  const at = millisOf(checkpoint.createTime)
  if (at === undefined) return { ...newest, undated: true }
  return at <= interruptedAt && at > newest.at ? { ...newest, checkpoint: Option.some(checkpoint), at } : newest
}

export const optimizerOf = ({ checkpoint, undated }: Newest): Optimizer => {
  if (undated) return { _tag: "Unknown", why: "a checkpoint does not say when it was saved" }
  return Option.match(checkpoint, {
    onNone: () => ({ _tag: "Lost" }),
    onSome: (checkpoint) => ({ _tag: "Preserved", checkpoint })
  })
}
