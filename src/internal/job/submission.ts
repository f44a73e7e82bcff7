/**
 * The pure steps of a submission: what to do after each call, as plain functions over plain values.
 *
 * `Job.submit` runs them in one fiber. A durable workflow can run each `create` and `get` as an activity of its own, and keep the
 * `Submission` between them.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { type ApiError, mayHaveExecuted } from "../../ApiError.js"
import { unsafeMake } from "../apiError/unsafeMake.js"
import { conflicts, mayStand } from "./advice.js"
import type { Doubt, Finding, Submission } from "./model.js"
import { hintOf, pauseBefore } from "./waits.js"

/** The most sends of one submission. */
const maxSends = 6

/** How often a job is looked for that the server said to exist, or could not be asked about. */
const maxLooks = 6

/** How often a job is looked for that may never have arrived. */
const enoughLooks = 2

/** The longest wait that a server may ask of a submission, in milliseconds. */
const maxHint = 120_000

const failed = (error: ApiError, inDoubt: boolean): Submission<never> => ({ _tag: "Failed", error, inDoubt })

const look = (doubt: Doubt, last: ApiError): Submission<never> => {
  const hint = hintOf(last)
  return hint > maxHint
    ? failed(doubt.error ?? last, doubt.sends > 0)
    : { _tag: "Look", after: Duration.millis(Math.max(pauseBefore(doubt.looks), hint)), doubt }
}

const conflict = (found: "Other" | "Gone", error?: ApiError): Submission<never> => {
  const status = error?.reason === "Conflict" ? error.status : undefined
  const about = { delivery: "Acknowledged", status, requestId: error?.requestId, detail: conflicts[found] } as const
  return failed(unsafeMake({ class: "Fatal", reason: "Conflict" }, about), false)
}

const found = <Snapshot>(finding: Finding<Snapshot>, error?: ApiError): Submission<Snapshot> =>
  finding._tag === "Same" ? { _tag: "Done", snapshot: finding.snapshot } : conflict(finding._tag, error)

/**
 * Decides what follows the response to a submission that was sent for the n-th time.
 *
 * What may have been carried out is looked up, and so is what conflicts with something that exists. What was not sent or was
 * refused has failed, unless an earlier send is still in doubt.
 */
export const afterSend = <Snapshot>(
  sends: number,
  result: Either.Either<Finding<Snapshot>, ApiError>
): Submission<Snapshot> => {
  if (Either.isRight(result)) return found(result.right)
  const error = result.left
  const earlier = sends > 1
  return error.reason === "Conflict" || mayStand(error) || (earlier && error._tag !== "Fatal")
    ? look({ sends, error, looks: 0 }, error)
    : failed(error, earlier)
}

/**
 * Decides what follows a look for a job that is about to be sent, or whose submission is in doubt.
 *
 * The same job is the success; another one, or what is left of a deleted one, is `Conflict`. Where there is none before the
 * first send, it is sent. Where there is none after a send it may not be seen yet, and only after another look is it sent again,
 * under the same id.
 *
 * A look that fails never leads to a send. Before the first send it is repeated where the server did not refuse it, and
 * otherwise fails the submission.
 */
export const afterLook = <Snapshot>(
  doubt: Doubt,
  result: Either.Either<Finding<Snapshot>, ApiError>
): Submission<Snapshot> => {
  const { error, looks, sends } = doubt
  if (Either.isRight(result)) return found(result.right, error)
  const missing = result.left.reason === "NotFound"
  if (error === undefined) {
    if (missing) return { _tag: "Send", after: Duration.zero, sends: 1 }
    const isPassing = result.left._tag !== "Fatal" && mayHaveExecuted(result.left)
    return isPassing && looks + 1 < maxLooks
      ? look({ ...doubt, looks: looks + 1 }, result.left)
      : failed(result.left, false)
  }
  if (result.left._tag === "Fatal" && !missing) return failed(result.left, true)
  const unseen = missing && error.reason !== "Conflict"
  if (looks + 1 < (unseen ? enoughLooks : maxLooks)) return look({ ...doubt, looks: looks + 1 }, result.left)
  return unseen && error._tag !== "Fatal" && sends < maxSends
    ? { _tag: "Send", after: Duration.millis(Math.max(pauseBefore(sends), hintOf(error))), sends: sends + 1 }
    : failed(error, true)
}
