/**
 * The state machine of one circuit. Pure: each function takes a state and a time, and returns a decision and the next state.
 *
 * @since 0.2.0
 */
import type { Outcome, State, TripPolicy } from "./model.js"

/** The state of one circuit. It is plain data and survives a round trip through JSON. */
export interface Circuit {
  readonly state: State["_tag"]
  /** Changes whenever the outcomes of calls that were admitted before must not count any more. */
  readonly generation: number
  /** The number of calls admitted while the circuit was closed. It orders calls by their start. */
  readonly sequence: number
  /**
   * The recorded outcomes: twice the sequence number of the call, plus 1 if it failed. `Consecutive` keeps the success that began
   * last, first, and the failures that began after it. `Rate` keeps the last `size` outcomes in the order in which the calls began.
   */
  readonly outcomes: ReadonlyArray<number>
  /** The number of failures in `outcomes`. */
  readonly failures: number
  /** The number of openings since the open time was last reset. */
  readonly openings: number
  /** The duration of the last open time. */
  readonly openFor: number
  /** `Open`: the end of the open time. `Closed`: the moment from which `openings` is reset. */
  readonly until: number
  /** The moment at which the last probe began. */
  readonly probedAt: number
  /** The moment from which another probe is admitted; 0 if no probe is under way. */
  readonly probeUntil: number
  /** The moment of the last change. */
  readonly at: number
}

/** The admission of a call. */
export interface Admitted {
  readonly generation: number
  readonly sequence: number
  readonly isProbe: boolean
  readonly openings: number
}

/** The refusal of a call. */
export interface Refusal {
  readonly state: "Open" | "HalfOpen"
  /** The milliseconds after which the circuit may admit a call. */
  readonly millis: number
  /** The milliseconds over which callers that wait are spread. */
  readonly spread: number
}

/** A change of the state, without the key. */
export interface Change {
  readonly from: State["_tag"]
  readonly to: State["_tag"]
  readonly openFor: number
  readonly openings: number
}

export interface Admission {
  readonly admitted?: Admitted
  readonly refusal?: Refusal
  readonly change?: Change | undefined
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
export const admit = (known: Circuit | undefined, now: number, lease: number): readonly [Admission, Circuit] => {
  const circuit = known ?? initial(now)
  const { failures, generation, openFor, openings, outcomes, probedAt, probeUntil, state, until } = circuit
  if (state === "Closed") {
    const sequence = circuit.sequence + 1
    const left = openings > 0 && now >= until ? 0 : openings
    const admitted = { generation, sequence, isProbe: false, openings: left }
    // each field is written out: a spread would cost more than the rest of the admission
    return [
      { admitted },
      { state, generation, sequence, outcomes, failures, openings: left, openFor, until, probedAt, probeUntil, at: now }
    ]
  }
  const refusal = refusalOf(circuit, now)
  if (refusal !== undefined) return [{ refusal }, circuit]
  const next: Circuit = {
    ...circuit,
    state: "HalfOpen",
    generation: nextGeneration(generation, now),
    probedAt: now,
    probeUntil: Math.min(never, now + lease),
    at: now
  }
  return [
    {
      admitted: { generation: next.generation, sequence: circuit.sequence, isProbe: true, openings },
      change: state === "Open" ? { from: "Open", to: "HalfOpen", openFor, openings } : undefined
    },
    next
  ]
}

/** Extends the lease of a probe. Returns false if another probe has replaced it. */
export const renew = (
  circuit: Circuit | undefined,
  now: number,
  { generation }: Admitted,
  lease: number
): readonly [boolean, Circuit] => {
  if (circuit?.state !== "HalfOpen" || circuit.generation !== generation) return [false, circuit ?? initial(now)]
  return [true, { ...circuit, probeUntil: now + lease, at: now }]
}

// --- Outcomes --------------------------------------------------------------------------------------

const isFailure = (outcome: number): boolean => outcome % 2 === 1

type Recorded = Pick<Circuit, "outcomes" | "failures">

const withConsecutive = ({ failures, outcomes }: Recorded, outcome: number): Recorded => {
  const [first] = outcomes
  // a success that began later says more about the server
  if (first !== undefined && !isFailure(first) && first > outcome) return { outcomes, failures }
  if (isFailure(outcome)) return { outcomes: [...outcomes, outcome], failures: failures + 1 }
  if (failures === 0) return { outcomes: [outcome], failures }
  const later = outcomes.filter((other) => other > outcome && isFailure(other))
  return { outcomes: [outcome, ...later], failures: later.length }
}

const withinRing = ({ failures, outcomes }: Recorded, outcome: number, size: number): Recorded => {
  const [first = 0] = outcomes
  const isFull = outcomes.length >= size
  if (isFull && outcome < first) return { outcomes, failures }
  const ring = isFull ? outcomes.slice() : [...outcomes, outcome]
  // a loop costs a fifth of what `slice` and `concat` cost
  if (isFull) for (let i = 1; i < ring.length; i++) ring[i - 1] = ring[i] ?? outcome
  let index = ring.length - 1
  for (; index > 0; index--) {
    const before = ring[index - 1] ?? 0
    if (before < outcome) break
    ring[index] = before
  }
  ring[index] = outcome
  return { outcomes: ring, failures: failures + (outcome % 2) - (isFull ? first % 2 : 0) }
}

const trips = ({ failures, outcomes }: Recorded, policy: TripPolicy): boolean => {
  if (failures === 0) return false
  if (policy._tag === "Consecutive") return failures >= policy.failures
  const calls = outcomes.length
  return calls >= policy.minimumCalls && failures / calls >= policy.threshold
}

const opened = (circuit: Circuit, now: number, openFor: number): readonly [Change, Circuit] => {
  const openings = circuit.openings + 1
  return [
    { from: circuit.state, to: "Open", openFor, openings },
    {
      ...circuit,
      state: "Open",
      generation: nextGeneration(circuit.generation, now),
      outcomes: [],
      failures: 0,
      openings,
      openFor,
      until: now + openFor,
      probeUntil: 0,
      at: now
    }
  ]
}

/**
 * Records the outcome of a call. Outcomes of calls of another generation change nothing: these calls began before the circuit
 * opened or closed. `openFor` returns the open time; it is called only if the circuit opens.
 */
export const record = (
  circuit: Circuit | undefined,
  now: number,
  { generation, openings, sequence }: Admitted,
  outcome: Outcome["_tag"],
  policy: TripPolicy,
  openFor: (openings: number) => number
): readonly [Change | undefined, Circuit] => {
  if (circuit === undefined) return [undefined, initial(now)]
  if (circuit.generation !== generation || circuit.state === "Open") return [undefined, circuit]
  if (circuit.state === "HalfOpen") {
    if (outcome === "Failure") return opened(circuit, now, openFor(openings + 1))
    const next = { ...circuit, generation: nextGeneration(generation, now), probeUntil: 0, at: now }
    if (outcome === "Ignored") return [undefined, next]
    return [
      { from: "HalfOpen", to: "Closed", openFor: circuit.openFor, openings: circuit.openings },
      { ...next, state: "Closed", until: now + circuit.openFor }
    ]
  }
  if (outcome === "Ignored") return [undefined, { ...circuit, at: now }]
  const entry = 2 * sequence + (outcome === "Failure" ? 1 : 0)
  const { failures, outcomes } =
    policy._tag === "Consecutive" ? withConsecutive(circuit, entry) : withinRing(circuit, entry, policy.size)
  const next: Circuit = {
    state: "Closed",
    generation,
    sequence: circuit.sequence,
    outcomes,
    failures,
    openings: circuit.openings,
    openFor: circuit.openFor,
    until: circuit.until,
    probedAt: circuit.probedAt,
    probeUntil: circuit.probeUntil,
    at: now
  }
  return trips(next, policy) ? opened(next, now, openFor(openings + 1)) : [undefined, next]
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
