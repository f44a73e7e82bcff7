/**
 * The state machine of one circuit. `admit`, `renew` and `record` change the state in place; `copy` makes a state for those who
 * must keep the old one.
 *
 * @since 0.2.0
 */
import type { Outcome, State, TripPolicy } from "./model.js"

/** The state of one circuit. It is plain data and survives a round trip through JSON. */
export interface Circuit {
  state: State["_tag"]
  /** Changes whenever the outcomes of calls that were admitted before must not count any more. */
  generation: number
  /** The number of calls admitted while the circuit was closed. It orders calls by their start. */
  sequence: number
  /**
   * The recorded outcomes: twice the sequence number of the call, plus 1 if it failed. `Consecutive` keeps the success that began
   * last, first, and the failures that began after it. `Rate` keeps the last `size` outcomes in the order in which the calls began.
   */
  outcomes: Array<number>
  /** The number of failures in `outcomes`. */
  failures: number
  /** The number of openings since the open time was last reset. */
  openings: number
  /** The duration of the last open time. */
  openFor: number
  /** `Open`: the end of the open time. `Closed`: the moment from which `openings` is reset. */
  until: number
  /** The moment at which the last probe began. */
  probedAt: number
  /** The moment from which another probe is admitted; 0 if no probe is under way. */
  probeUntil: number
  /** The moment of the last change. */
  at: number
}

/** A change of the state, without the key. */
export interface Change {
  readonly from: State["_tag"]
  readonly to: State["_tag"]
  readonly openFor: number
  readonly openings: number
}

/** The admission of a call. */
export interface Admitted {
  readonly generation: number
  readonly sequence: number
  readonly isProbe: boolean
  readonly openings: number
  /** The change that the admission made; absent if the state is the same as before. */
  readonly change: Change | undefined
}

/** The refusal of a call. */
export interface Refusal {
  readonly state: "Open" | "HalfOpen"
  /** The milliseconds after which the circuit may admit a call. */
  readonly millis: number
  /** The milliseconds over which callers that wait are spread. */
  readonly spread: number
}

/** The bounds of the wait for the outcome of a probe. */
const poll = { min: 50, max: 1000 }

/** A moment that is never reached. It survives a round trip through JSON, unlike `Infinity`. */
export const never = Number.MAX_SAFE_INTEGER

// a circuit that was removed and created again has a later generation than before, since clocks advance
const nextGeneration = (generation: number, now: number): number => Math.max(generation + 1, Math.floor(now * 1000))

export const initial = (now: number): Circuit => ({
  state: "Closed",
  generation: nextGeneration(0, now),
  sequence: 0,
  outcomes: [],
  failures: 0,
  openings: 0,
  openFor: 0,
  until: 0,
  probedAt: 0,
  probeUntil: 0,
  at: now
})

/** Returns a copy of a state. */
export const copy = (circuit: Circuit): Circuit => ({ ...circuit, outcomes: circuit.outcomes.slice() })

// --- Admission -------------------------------------------------------------------------------------

/** Returns the refusal that a call receives now, or `undefined` if the circuit would admit it. */
export const refusalOf = (
  { openFor, probedAt, probeUntil, state, until }: Circuit,
  now: number
): Refusal | undefined => {
  // the open time itself limits the spread, so that short open times do not have long waits
  const spread = Math.min(openFor, Math.max(1000, openFor / 10))
  if (state === "Open" && now < until) return { state, millis: until - now, spread }
  if (state !== "HalfOpen" || now >= probeUntil) return undefined
  // the end of a probe is unknown: the wait grows with the time that it has taken
  return { state, millis: Math.min(poll.max, Math.max(poll.min, now - probedAt)), spread }
}

/** Admits or refuses a call. `lease` is the time after which a probe without an outcome is replaced. */
export const admit = (circuit: Circuit, now: number, lease: number): Admitted | Refusal => {
  const isProbe = circuit.state !== "Closed"
  const refusal = isProbe ? refusalOf(circuit, now) : undefined
  if (refusal !== undefined) return refusal
  circuit.at = now
  let change: Change | undefined
  if (!isProbe) {
    circuit.sequence++
    if (circuit.openings > 0 && now >= circuit.until) circuit.openings = 0
  } else {
    const { openFor, openings, state } = circuit
    if (state === "Open") change = { from: "Open", to: "HalfOpen", openFor, openings }
    circuit.state = "HalfOpen"
    circuit.generation = nextGeneration(circuit.generation, now)
    circuit.probedAt = now
    circuit.probeUntil = Math.min(never, now + lease)
  }
  const { generation, openings, sequence } = circuit
  return { generation, sequence, isProbe, openings, change }
}

/** Extends the lease of a probe. Returns false if another probe has replaced it. */
export const renew = (circuit: Circuit, now: number, { generation }: Admitted, lease: number): boolean => {
  if (circuit.state !== "HalfOpen" || circuit.generation !== generation) return false
  circuit.probeUntil = now + lease
  circuit.at = now
  return true
}

// --- Outcomes --------------------------------------------------------------------------------------

const isFailure = (outcome: number): boolean => outcome % 2 === 1

const addConsecutive = (circuit: Circuit, outcome: number): void => {
  const { failures, outcomes } = circuit
  const [first] = outcomes
  // a success that began later says more about the server
  if (first !== undefined && !isFailure(first) && first > outcome) return
  if (isFailure(outcome)) {
    outcomes.push(outcome)
    circuit.failures++
  } else if (failures === 0) {
    outcomes[0] = outcome
  } else {
    const later = outcomes.filter((other) => other > outcome && isFailure(other))
    circuit.outcomes = [outcome, ...later]
    circuit.failures = later.length
  }
}

const addToRing = (circuit: Circuit, outcome: number, size: number): void => {
  const { outcomes } = circuit
  if (outcomes.length >= size) {
    const [first = 0] = outcomes
    if (outcome < first) return
    outcomes.shift()
    circuit.failures -= first % 2
  }
  let index = outcomes.length
  for (; index > 0; index--) {
    const before = outcomes[index - 1] ?? 0
    if (before < outcome) break
    outcomes[index] = before
  }
  outcomes[index] = outcome
  circuit.failures += outcome % 2
}

const trips = ({ failures, outcomes }: Circuit, policy: TripPolicy): boolean => {
  if (failures === 0) return false
  if (policy._tag === "Consecutive") return failures >= policy.failures
  const calls = outcomes.length
  return calls >= policy.minimumCalls && failures / calls >= policy.threshold
}

const open = (circuit: Circuit, now: number, openFor: number): Change => {
  const from = circuit.state
  circuit.state = "Open"
  circuit.generation = nextGeneration(circuit.generation, now)
  circuit.outcomes = []
  circuit.failures = 0
  circuit.openings++
  circuit.openFor = openFor
  circuit.until = now + openFor
  circuit.probeUntil = 0
  return { from, to: "Open", openFor, openings: circuit.openings }
}

/**
 * Records the outcome of a call, and returns the change that it made. Outcomes of calls of another generation change nothing: these
 * calls began before the circuit opened or closed. `openFor` returns the open time; it is called only if the circuit opens.
 */
export const record = (
  circuit: Circuit,
  now: number,
  { generation, openings, sequence }: Admitted,
  outcome: Outcome,
  policy: TripPolicy,
  openFor: (openings: number, outcome: Outcome) => number
): Change | undefined => {
  if (circuit.generation !== generation || circuit.state === "Open") return undefined
  circuit.at = now
  const isFailed = outcome._tag === "Failure"
  if (circuit.state === "HalfOpen") {
    if (isFailed) return open(circuit, now, openFor(openings + 1, outcome))
    circuit.generation = nextGeneration(generation, now)
    circuit.probeUntil = 0
    if (outcome._tag === "Ignored") return undefined
    circuit.state = "Closed"
    circuit.until = now + circuit.openFor
    return { from: "HalfOpen", to: "Closed", openFor: circuit.openFor, openings: circuit.openings }
  }
  if (outcome._tag === "Ignored") return undefined
  const entry = 2 * sequence + (isFailed ? 1 : 0)
  if (policy._tag === "Consecutive") addConsecutive(circuit, entry)
  else addToRing(circuit, entry, policy.size)
  return trips(circuit, policy) ? open(circuit, now, openFor(openings + 1, outcome)) : undefined
}

/** Tests whether a circuit was not used for so long that it is removed. A circuit whose probe is under way is kept. */
export const isIdle = (circuit: Circuit, now: number, idle: number): boolean => {
  if (circuit.state === "HalfOpen" && now < circuit.probeUntil) return false
  const since = circuit.state === "Open" ? Math.max(circuit.at, circuit.until) : circuit.at
  return now - since >= idle
}

// --- JSON ------------------------------------------------------------------------------------------

const numbers = [
  "generation",
  "sequence",
  "failures",
  "openings",
  "openFor",
  "until",
  "probedAt",
  "probeUntil",
  "at"
] as const

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value)

/** Returns a state that was stored as JSON, or `undefined` if the value is no such state. */
export const decode = (json: unknown): Circuit | undefined => {
  if (typeof json !== "object" || json === null) return undefined
  // every property of an object may have any type
  const { outcomes, state, ...rest } = json as { readonly [name: string]: unknown }
  const isComplete =
    (state === "Closed" || state === "Open" || state === "HalfOpen") &&
    Array.isArray(outcomes) &&
    outcomes.every(isNumber) &&
    numbers.every((name) => isNumber(rest[name]))
  return isComplete ? (json as Circuit) : undefined
}
