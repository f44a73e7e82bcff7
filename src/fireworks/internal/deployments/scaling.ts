/**
 * When a saturated deployment gets more replicas, by plain functions over plain values. All times are milliseconds of one
 * monotonic clock.
 *
 * Errors are counted in slots, so that a thousand of them in a second take no more room than one.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { type ApiError, mayHaveExecuted } from "../../../ApiError.js"
import type { Decision } from "./model.js"
import type { Outcome } from "./model.js"

export interface Settings {
  readonly maxReplicas: number
  readonly step: number
  /** How many errors, within which time. */
  readonly errors: number
  readonly within: number
  /** Between two raises. */
  readonly every: number
  /** Between two looks at a deployment that is not ready, or cannot be asked. */
  readonly pause: number
}

export interface Raise {
  readonly from: number
  readonly to: number
}

/** Where it stands. */
export interface Scaling {
  /** The slot of the latest error. */
  readonly slot: number
  /** The errors of that slot and of those before it, as many as are counted. */
  readonly counts: ReadonlyArray<number>
  /** Whether the control plane is being asked. */
  readonly isAsking: boolean
  /** It is not asked before. */
  readonly heldUntil: number
  /** Whether replicas were on their way when the deployment was last seen. */
  readonly isSettling: boolean
  /** A raise whose answer was lost, and when. */
  readonly doubt: (Raise & { readonly at: number }) | undefined
}

/** What was seen of a deployment; what it does not tell is undefined. */
export interface Replicas {
  readonly wanted: number
  readonly ready: number | undefined
  readonly max: number | undefined
}

/** What follows a look. */
export type Next =
  | { readonly _tag: "Scale"; readonly raise: Raise }
  | { readonly _tag: "Rest"; readonly outcome: Outcome }

const slots = 12
const quarter = slots / 4

const none: ReadonlyArray<number> = /*#__PURE__*/ Array.from({ length: slots }, () => 0)

export const idle: Scaling = {
  slot: 0,
  counts: none,
  isAsking: false,
  heldUntil: -Infinity,
  isSettling: false,
  doubt: undefined
}

const sum = (counts: ReadonlyArray<number>): number => counts.reduce((all, count) => all + count, 0)

/** How many errors were counted within the time. */
export const errorsOf = ({ counts }: Scaling): number => sum(counts)

/** Enough of them, and some in each quarter of the time: a burst leaves quarters empty, however large it is. */
const isSustained = (counts: ReadonlyArray<number>, settings: Settings): boolean =>
  sum(counts) >= settings.errors && [0, 1, 2, 3].every((n) => sum(counts.slice(n * quarter, (n + 1) * quarter)) > 0)

const counted = (state: Scaling, now: number, settings: Settings): Scaling => {
  // a clock that went back counts to the latest slot
  const slot = Math.max(state.slot, Math.floor(now / (settings.within / slots)))
  const passed = Math.min(slots, slot - state.slot)
  const [latest = 0, ...before] = [...none.slice(0, passed), ...state.counts].slice(0, slots)
  return { ...state, slot, counts: [latest + 1, ...before] }
}

/** Counts an error, and decides whether the deployment is looked at: by one caller of many, until `afterLook` is done. */
export const afterCapacity = (
  state: Scaling,
  now: number,
  settings: Settings
): readonly [Scaling, "Look" | "Nothing"] => {
  const next = counted(state, now, settings)
  return next.isAsking || now < next.heldUntil || !isSustained(next.counts, settings)
    ? [next, "Nothing"]
    : [{ ...next, isAsking: true }, "Look"]
}

const rest = (state: Scaling, heldUntil: number, outcome: Outcome, change: Partial<Scaling> = {}) =>
  [
    { ...state, isAsking: false, heldUntil, ...change },
    { _tag: "Rest", outcome }
  ] as const

const failed = (state: Scaling, now: number, call: "get" | "scale", error: ApiError, { pause }: Settings) => {
  const hint = error.retryAfter === undefined ? 0 : Duration.toMillis(error.retryAfter)
  return rest(state, now + Math.max(pause, hint), { _tag: "Failed", call, error })
}

/** Decides what follows a look at the deployment. */
export const afterLook = (
  state: Scaling,
  now: number,
  seen: Either.Either<Replicas, ApiError>,
  settings: Settings
): readonly [Scaling, Next] => {
  if (Either.isLeft(seen)) return failed(state, now, "get", seen.left, settings)
  const { max = Infinity, ready, wanted } = seen.right
  const doubt = state.doubt !== undefined && now < state.doubt.at + settings.every ? state.doubt : undefined
  if (doubt !== undefined && wanted >= doubt.to) {
    const outcome = { _tag: "Raised", from: doubt.from, to: doubt.to } as const
    return rest(state, doubt.at + settings.every, outcome, { isSettling: true, doubt: undefined })
  }
  if (ready !== undefined && ready < wanted) {
    return rest(state, now + settings.pause, { _tag: "NotReady", replicas: wanted, ready }, { isSettling: true })
  }
  // the errors of before tell nothing of as many replicas as there are now
  if (state.isSettling) {
    return rest(state, now, { _tag: "Ready", replicas: wanted }, { isSettling: false, counts: none })
  }
  const to = Math.min(settings.maxReplicas, max, doubt?.to ?? Infinity, wanted + settings.step)
  if (to <= wanted) {
    const bound = max < settings.maxReplicas ? "maxReplicaCount" : "maxReplicas"
    return rest(state, now + settings.every, { _tag: "AtBound", replicas: wanted, bound })
  }
  return [state, { _tag: "Scale", raise: { from: wanted, to } }]
}

/** Decides what follows the request for more replicas. One whose answer was lost is asked for again, and not for more. */
export const afterScale = (
  state: Scaling,
  now: number,
  raise: Raise,
  result: Either.Either<unknown, ApiError>,
  settings: Settings
): readonly [Scaling, Outcome] => {
  if (Either.isRight(result)) {
    const outcome: Outcome = { _tag: "Raised", ...raise }
    const [next] = rest(state, now + settings.every, outcome, { isSettling: true, doubt: undefined })
    return [next, outcome]
  }
  const error = result.left
  const isDoubtful = mayHaveExecuted(error) && error._tag !== "Fatal"
  const doubt = isDoubtful ? { ...raise, at: now } : state.doubt
  const [next, { outcome }] = failed({ ...state, doubt }, now, "scale", error, settings)
  return [next, outcome]
}

/** A decision in a few words. */
export const wordsOf = (decision: Decision): string => {
  switch (decision._tag) {
    case "Raised":
      return `raised the replicas from ${decision.from} to ${decision.to}`
    case "WouldRaise":
      return `would raise the replicas from ${decision.from} to ${decision.to} (a dry run)`
    case "AtBound":
      return `${decision.replicas} replicas are as many as ${decision.bound} allows`
    case "NotReady":
      return `${decision.ready} of ${decision.replicas} replicas are ready`
    case "Ready":
      return `all ${decision.replicas} replicas are ready`
    case "Failed":
      return `could not ${decision.call} the deployment: ${decision.error.message}`
  }
}
