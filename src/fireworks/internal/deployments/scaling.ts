/**
 * Decides when a saturated deployment gets more replicas: plain functions over plain values. All times are milliseconds of one
 * monotonic clock.
 *
 * Errors are counted per time slot, so memory use does not depend on the number of errors.
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
  /** The number of errors within `within` that counts as sustained. */
  readonly errors: number
  readonly within: number
  /** The minimum time between two scale-outs. */
  readonly every: number
  /** The minimum time before a deployment that was not ready or not reachable is read again. */
  readonly pause: number
}

export interface Raise {
  readonly from: number
  readonly to: number
}

/** The state of the scale-out of one deployment. */
export interface Scaling {
  /** The slot of the latest error. */
  readonly slot: number
  /** The numbers of errors in the latest slot and the slots before it, newest first. */
  readonly counts: ReadonlyArray<number>
  /** True while a call to the control plane runs. */
  readonly isAsking: boolean
  /** The time before which the control plane is not called again. */
  readonly heldUntil: number
  /** True if replicas were requested or starting when the deployment was last read. */
  readonly isSettling: boolean
  /** A request for replicas whose response was lost, and its time. */
  readonly doubt: (Raise & { readonly at: number }) | undefined
}

/** The replica counts of a deployment. A count that is not reported is undefined. */
export interface Replicas {
  readonly wanted: number
  readonly ready: number | undefined
  readonly max: number | undefined
}

/** The next step after the deployment was read. */
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

/** Returns the number of errors in all slots. */
export const errorsOf = ({ counts }: Scaling): number => sum(counts)

/** Returns true if there are enough errors, with some in each quarter of the time. A short burst leaves quarters empty. */
const isSustained = (counts: ReadonlyArray<number>, settings: Settings): boolean =>
  sum(counts) >= settings.errors && [0, 1, 2, 3].every((n) => sum(counts.slice(n * quarter, (n + 1) * quarter)) > 0)

const counted = (state: Scaling, now: number, settings: Settings): Scaling => {
  // a time before the latest slot counts towards the latest slot
  const slot = Math.max(state.slot, Math.floor(now / (settings.within / slots)))
  const passed = Math.min(slots, slot - state.slot)
  const [latest = 0, ...before] = [...none.slice(0, passed), ...state.counts].slice(0, slots)
  return { ...state, slot, counts: [latest + 1, ...before] }
}

/** Counts an error, and decides whether to read the deployment. Only one read runs at a time. */
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

/** Decides the next step after the deployment was read. */
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
  // earlier errors were counted with fewer ready replicas, so they are dropped
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

/** Decides the outcome of a request for replicas. If its response was lost, a repetition never requests more replicas. */
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

/** Describes a decision in a few words, for the log. */
export const wordsOf = (decision: Decision): string => {
  switch (decision._tag) {
    case "Raised":
      return `raised the replicas from ${decision.from} to ${decision.to}`
    case "WouldRaise":
      return `would raise the replicas from ${decision.from} to ${decision.to} (a dry run)`
    case "AtBound":
      return `the deployment has ${decision.replicas} replicas, the most that ${decision.bound} allows`
    case "NotReady":
      return `${decision.ready} of ${decision.replicas} replicas are ready`
    case "Ready":
      return `all ${decision.replicas} replicas are ready`
    case "Failed":
      return `could not ${decision.call} the deployment: ${decision.error.message}`
  }
}
