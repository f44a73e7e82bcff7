/**
 * The pure steps of a submission: plain functions that decide the next step after each call.
 *
 * `Job.submit` runs them in one fiber. A durable workflow can run each `create` and `get` as a separate activity, and store the
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

/** The maximum number of sends of one submission. */
const maxSends = 6

/** The maximum number of lookups if the server reported a `Conflict`, or if the lookups fail. */
const maxLooks = 6

/** The number of lookups without a result after which the job is sent again. */
const enoughLooks = 2

/** The longest server hint that a submission waits for, in milliseconds. */
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
 * Decides the next step after the n-th send of a submission.
 *
 * A send that the server may have carried out is followed by a lookup, and so is a `Conflict`. A send that was refused or not
 * delivered fails the submission. If an earlier send is in doubt, only a `Fatal` error fails it; other errors lead to a lookup.
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
 * Decides the next step after a lookup, before the first send or while a send is in doubt.
 *
 * If the lookup finds the same job, the submission succeeds. A different or deleted job is a `Conflict`. If no job is found
 * before the first send, the job is sent. If no job is found after a send, a replica may lag behind: the job is looked up once
 * more, and then sent again with the same id.
 *
 * A failed lookup never leads to a send. Before the first send, a failed lookup is repeated if the server may have executed it
 * and its error is not `Fatal`. Otherwise the submission fails.
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
