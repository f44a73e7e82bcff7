/**
 * The state machine of one key. It decides whether a call is admitted, and learns from the outcomes of calls.
 *
 * It has three brakes. The pace of each resource is a token bucket with a learned rate, for quotas. The window limits the calls in
 * flight, for slow servers. The pause stops calls after refusals or failures in a row. All functions except `transition` change
 * the state in place; `transition` changes a copy.
 *
 * @since 0.2.0
 */
import type { Cost, Decision, Event, Pace, Report, Resource, ServerLimit, State, Ticket, Wait } from "./model.js"

/** Represents "no limit" by a number that JSON can hold. */
export const unbounded: number = Number.MAX_VALUE

/** The initial rate of requests per second, and the initial number of requests that may start at once. */
const coldRate = 20
const coldBurst = 5
/** The slowest pace: one request a minute. */
const slowest = 1 / 60
/** The capacity of a bucket, in seconds of its rate. */
const requestSeconds = 0.1
const tokenSeconds = 3
/** The share of a limit that is not available to bursts: it is used only at the pace. */
const reserve = 0.25
/** The factor of the rate after a refusal, and the range of slow growth, relative to the rate that was refused. */
const cut = 0.85
const low = 0.9
const high = 1.07
/** The growth of a rate: the milliseconds for a factor of e, and the divisor of the largest growth by one call. */
const growth = { start: [500, 8], fast: [2000, 10], slow: [60_000, 150] } as const
/** The share of refusals in the last ten responses above which the rate falls to the accepted share. */
const muchRefused = 0.3
/** The longest pause without a server hint, its growth factor, and the refusals in a row after which a hint pauses the key. */
const longestPause = 2000
const pauseFactor = 3
const refusalsToPark = 2
/** The longest pause by a server hint, in milliseconds. One probe follows it. */
const longestHint = 600_000
/** The number of failures in a row, or their share in the last ten calls, from which the key is shut. */
const failuresToShut = 5
const shareToShut = 0.8
/** A window is too large if the mean time of `samples` responses exceeds `slowness` times the best mean plus `slack` milliseconds. */
const slowness = 3
const slack = 30
const samples = 24
/** The share of the calls in flight that second copies of calls do not use. */
const spare = 1 / 6
/** The assumed output tokens of a call before any response reported them. */
const firstOutput = 256

/** The options that the initial state of a key depends on. */
export interface Settings {
  readonly concurrency?: number | undefined
  /** The limits per second. */
  readonly limits?: { readonly [R in Resource]?: number | undefined } | undefined
}

const paceOf = (resource: Resource, rate: number, level: number, cap?: number): Pace => ({
  resource,
  rate,
  ceiling: cap ?? unbounded,
  level,
  limit: cap,
  cap,
  seen: 0,
  spent: 0,
  pending: 0
})

/** Returns the initial state of a key. */
export const initial = ({ concurrency = unbounded, limits = {} }: Settings = {}): State => {
  const { input, output, requests } = limits
  const paces = [paceOf("requests", requests ?? coldRate, coldBurst, requests)]
  if (input !== undefined) paces.push(paceOf("input", input, input * tokenSeconds, input))
  if (output !== undefined) paces.push(paceOf("output", output, output * tokenSeconds, output))
  return {
    at: 0,
    paces,
    output: firstOutput,
    concurrency,
    sequence: 0,
    inFlight: 0,
    sentAt: 0,
    measured: 0,
    strict: false,
    mostAccepted: 0,
    leastRefused: unbounded,
    runs: 0,
    until: 0,
    mark: 0,
    markedAt: -1e9,
    probedAt: 0,
    roundTrip: 0,
    refusals: 0,
    refusedShare: 0,
    failures: 0,
    failedShare: 0,
    window: unbounded,
    windowCeiling: unbounded,
    held: false,
    slow: false,
    best: { first: unbounded, ok: unbounded },
    from: undefined,
    windowMark: 0,
    peak: 0,
    sum: 0,
    count: 0,
    ended: 0
  }
}

/** Applies other options to a state in place, and returns true if they differ from its own. */
export const configure = (state: State, { concurrency = unbounded, limits = {} }: Settings): boolean => {
  let isChanged = state.concurrency !== concurrency
  state.concurrency = concurrency
  for (const resource of ["requests", "input", "output"] as const) {
    const cap = limits[resource]
    const index = state.paces.findIndex((pace) => pace.resource === resource)
    const pace = state.paces[index]
    if (pace?.cap === cap) continue
    isChanged = true
    // the level of a bucket is kept, and a new bucket is empty
    const next = paceOf(resource, cap ?? pace?.rate ?? coldRate, pace?.level ?? 0, cap)
    if (pace === undefined) state.paces.push(next)
    else state.paces[index] = { ...next, seen: pace.seen, spent: pace.spent, pending: pace.pending }
  }
  return isChanged
}

/** Returns a deep copy of a state. */
export const copy = (state: State): State => ({
  ...state,
  best: { ...state.best },
  from: state.from && { ...state.from },
  paces: state.paces.map((pace) => ({ ...pace }))
})

// -------------------------------------------------------------------------------------------------
// Admission
// -------------------------------------------------------------------------------------------------

export const roomOf = (state: State, pace: Pace): number =>
  pace.resource === "requests" ? (state.strict ? 1 : Math.max(2, pace.rate * requestSeconds)) : pace.rate * tokenSeconds

const priceOf = (state: State, pace: Pace, { input = 0, maxOutput = Infinity }: Cost): number =>
  pace.resource === "requests" ? 1 : pace.resource === "input" ? input : Math.min(state.output, maxOutput)

export const levelAt = (state: State, pace: Pace, now: number): number =>
  Math.min(
    Math.max(pace.level, now < state.until ? 1 : roomOf(state, pace)),
    pace.level + (pace.rate * Math.max(0, now - state.at)) / 1000
  )

/** Advances the state to a moment, and returns its time. A moment before the time of the state does not change it. */
const advance = (state: State, now: number): number => {
  for (const pace of state.paces) pace.level = levelAt(state, pace, now)
  if (now > state.at) state.at = now
  return state.at
}

const isShut = (state: State): boolean => state.failures >= failuresToShut || state.failedShare > shareToShut

/** Returns the maximum number of calls in flight as `millis`, and the brake that sets it. */
const widest = ({ concurrency, window }: State): Wait =>
  concurrency <= window ? { millis: concurrency, by: "concurrency" } : { millis: Math.floor(window), by: "window" }

const free: Wait = { millis: 0, by: undefined }

/**
 * Returns how long a call must wait from a moment on, without changing the state. `reserved` is the number of calls in flight that
 * are left to others.
 */
export const ask = (state: State, moment: number, cost: Cost, reserved = 0): Wait => {
  const now = Math.max(moment, state.at)
  if (now < state.until) return { millis: state.until - now, by: "pause" }
  const inFlight = state.inFlight + reserved
  if (inFlight > 0) {
    const most = widest(state)
    if (inFlight >= most.millis) return { millis: Infinity, by: most.by }
  }
  let wait = free
  for (const pace of state.paces) {
    const lack = Math.min(priceOf(state, pace, cost), roomOf(state, pace)) - levelAt(state, pace, now)
    const millis = lack > 1e-9 ? (lack / pace.rate) * 1000 + 1e-6 : 0
    if (millis > wait.millis) wait = { millis, by: pace.resource }
  }
  return wait
}

/**
 * Tests whether a call that is not needed, such as a second copy, may start. It leaves a share of the calls in flight to others: at
 * high load a place is often free for a moment, and the next call needs it.
 */
export const isFree = (state: State, now: number, cost: Cost): boolean =>
  ask(state, now, cost, Math.floor(widest(state).millis * spare)).millis === 0

const grown = (rate: number, ceiling: number, elapsed: number): number => {
  const [millis, parts] =
    ceiling === unbounded ? growth.start : rate < ceiling * low || rate > ceiling * high ? growth.fast : growth.slow
  return rate * (1 + Math.min(elapsed / millis, 1 / parts))
}

/** Admits a call for which `ask` returned no wait. `heldBy` is the brake that last held it back. */
export const admit = (state: State, moment: number, cost: Cost, heldBy: Wait["by"]): Ticket => {
  const now = advance(state, moment)
  const gap = now - state.sentAt
  // calls after the last refusal count as accepted if no refusal arrived within twice the time that a refusal takes
  if (state.refusals > 0 && state.sequence > state.mark && now - state.probedAt > 2 * state.roundTrip) {
    state.refusals = 0
  }
  if (state.sequence === state.mark) state.probedAt = now
  if (heldBy === "window") state.held = true
  const isQuiet = state.refusals === 0 && state.failures === 0 && !state.slow
  if (isQuiet && now - state.markedAt > 2 * state.roundTrip) {
    for (const pace of state.paces) {
      if (pace.resource !== heldBy) continue
      const rate = grown(pace.rate, pace.ceiling, Math.min(1000, gap))
      pace.rate = Math.max(pace.rate, Math.min(rate, pace.limit ?? Infinity))
    }
  }
  state.measured = state.measured * Math.exp(-gap / 1000) + 1
  state.failedShare -= state.failedShare / 10
  state.sentAt = now
  state.peak = Math.max(state.peak, ++state.inFlight)
  const charged = state.paces.map((pace) => {
    const amount = priceOf(state, pace, cost)
    pace.level -= amount
    pace.spent += amount
    if (pace.resource === "output") pace.pending += amount
    return { amount, spent: pace.spent, pending: pace.pending }
  })
  // half open: the next call waits for the outcome of this one
  if (isShut(state)) state.until = now + longestPause
  else if (state.refusals > 1) state.until = now + Math.min(longestPause, 2 * state.roundTrip)
  return { sequence: ++state.sequence, at: now, heldBy, gap, inFlight: state.inFlight, charged }
}

// -------------------------------------------------------------------------------------------------
// Learning
// -------------------------------------------------------------------------------------------------

const accept = (state: State, now: number): void => {
  if (state.refusals > 1 || isShut(state)) state.until = Math.min(state.until, now)
  if (isShut(state)) state.failedShare = 0
  state.refusals = 0
  state.failures = 0
}

const pauseFor = (state: State, now: number, millis: number): void => {
  state.mark = state.sequence
  state.markedAt = now
  const [requests] = state.paces
  if (requests !== undefined) requests.level = Math.min(requests.level, 0)
  state.until = Math.max(state.until, now + millis)
}

const watch = (state: State): void => {
  state.windowMark = state.sequence
  state.peak = state.inFlight
  state.sum = 0
  state.count = 0
  state.ended = 0
  state.held = false
}

const narrow = (state: State, factor: number, inFlight: number): void => {
  state.windowCeiling = Math.max(1, Math.min(state.window, inFlight))
  state.window = Math.max(1, state.windowCeiling * factor)
  watch(state)
}

/** Returns the pace of requests: every state has it, as its first pace. */
const requestsOf = (state: State): Pace => state.paces[0] as Pace

/** Returns the slowest rate of a pace. A limit may be slower than the slowest learned rate. */
const floorOf = ({ limit = Infinity }: Pace): number => Math.min(slowest, limit)

const slowDown = (state: State, { gap, heldBy, inFlight }: Ticket): void => {
  const pace = state.paces.find(({ resource }) => resource === heldBy) ?? requestsOf(state)
  state.runs++
  if (heldBy === "window") return narrow(state, cut, inFlight)
  // if every refusal had more calls in flight than any accepted call, the server limits concurrency and not the rate
  if (state.runs > 3 && state.mostAccepted > 0 && state.leastRefused > state.mostAccepted) {
    return narrow(state, 1, state.mostAccepted)
  }
  // the first refusal shortly after another call only stops bursts
  if (!state.strict && gap < 500 / pace.rate) {
    state.strict = true
    return
  }
  const isMuch = state.refusedShare > muchRefused
  const wasHeld = heldBy !== undefined && heldBy !== "concurrency"
  // if no brake held the call back, only the measured number of calls describes the load
  if (!wasHeld) pace.rate = Math.min(pace.rate, 1.25 * state.measured + 1)
  else if (pace.ceiling === unbounded) pace.rate = Math.max(pace.rate / 2, Math.min(pace.rate, state.measured))
  pace.rate = Math.max(floorOf(pace), pace.rate * (isMuch ? 1 - state.refusedShare : cut))
  pace.ceiling = wasHeld ? pace.rate / cut : (pace.limit ?? unbounded)
  pace.level = Math.min(pace.level, 0)
  if (isMuch) state.refusedShare = 0
}

/**
 * Evaluates a window by the responses to the first calls that were admitted under it. Other selections would be biased towards
 * short or long calls.
 */
const judge = (state: State, ticket: Ticket, kind: "first" | "ok", millis: number | undefined, ends: boolean): void => {
  const need = Math.max(8, Math.min(samples, state.window))
  if (ticket.sequence <= state.windowMark || ticket.sequence > state.windowMark + 1.5 * need) return
  if (millis !== undefined) {
    state.sum += millis
    state.count++
  }
  if (ends) state.ended++
  const mean = state.sum / state.count
  const most = state.best[kind] * slowness + slack
  if (state.count < need && !(state.count >= 8 && mean > 2 * most)) {
    if (state.ended >= Math.floor(1.5 * need)) watch(state)
    return
  }
  state.slow = mean > most
  state.best[kind] = Math.min(state.best[kind], mean)
  if (!state.slow) {
    if (state.held) {
      const isNear = state.window >= state.windowCeiling * low && state.window <= state.windowCeiling * high
      state.window *= isNear ? 1.05 : 1.25
    }
    state.from = undefined
    watch(state)
  } else if (state.from !== undefined && state.peak <= state.from.inFlight / 2 && mean > 0.7 * state.from.mean) {
    // half of the calls in flight did not make the server faster, so the window is not the cause
    state.best[kind] = mean
    state.window = state.windowCeiling = state.from.inFlight
    state.from = undefined
    state.slow = false
    watch(state)
  } else {
    state.from ??= { inFlight: Math.min(state.window, state.peak), mean }
    narrow(state, Math.max(0.5, Math.min(0.95, most / mean)), state.peak)
  }
}

const learn = (state: State, ticket: Ticket, limits: ReadonlyArray<ServerLimit>): void => {
  for (const { perMinute, remaining, resource } of limits) {
    let index = state.paces.findIndex((pace) => pace.resource === resource)
    if (index < 0) index = state.paces.push(paceOf(resource, perMinute / 60, 0)) - 1
    const pace = state.paces[index]
    if (pace === undefined) continue
    const limit = Math.min(perMinute / 60, pace.cap ?? Infinity)
    const { amount: _, ...then } = ticket.charged[index] ?? { amount: 0, spent: 0, pending: 0 }
    if (pace.limit === undefined) {
      pace.rate = pace.ceiling = pace.limit = limit
    } else if (pace.limit !== limit) {
      const change = limit / pace.limit
      pace.limit = limit
      pace.rate = Math.max(floorOf(pace), pace.rate * change)
      pace.ceiling = Math.max(pace.rate, pace.ceiling * change)
    }
    if (remaining === undefined || ticket.sequence <= pace.seen) continue
    pace.seen = ticket.sequence
    // minus the calls sent since then, and the output of calls in flight that the server has not charged yet
    const left = remaining - reserve * perMinute - then.pending - (pace.spent - then.spent)
    if (pace.cap === undefined) pace.level = Math.max(pace.level, left)
  }
}

/** Returns the unused part of the charge of a call to the buckets. */
const giveBack = (state: State, ticket: Ticket, { kind, usage }: Report): void => {
  state.paces.forEach((pace, index) => {
    const amount = ticket.charged[index]?.amount ?? 0
    if (pace.resource === "output") pace.pending -= amount
    const used =
      pace.resource === "requests" ? (kind === "unsent" ? 0 : amount) : kind === "ok" ? usage?.[pace.resource] : 0
    const kept = used ?? amount
    pace.level += amount - kept
    pace.spent -= amount - kept
  })
  if (kind === "ok" && usage?.output !== undefined) state.output += (usage.output - state.output) / 32
}

const refuse = (state: State, now: number, ticket: Ticket, hint: number | undefined): void => {
  state.roundTrip += (now - ticket.at - state.roundTrip) / (state.roundTrip === 0 ? 1 : 8)
  if (state.runs === 0) state.mostAccepted = 0
  state.leastRefused = Math.min(state.leastRefused, ticket.inFlight)
  // counts only if the call was sent after the last refusal arrived, and late enough to show the effect of its pause
  if (ticket.sequence > state.mark && ticket.at >= state.markedAt + state.roundTrip) {
    state.measured = Math.max(0, state.measured - 1)
    if (state.refusals === 0) slowDown(state, ticket)
    state.refusals++
    const base = Math.max(1000 / requestsOf(state).rate, state.refusals > 1 ? 2 * state.roundTrip : 0)
    pauseFor(state, now, Math.min(longestPause, base * pauseFactor ** (state.refusals - 1)))
  }
  if (hint !== undefined && state.refusals >= refusalsToPark) {
    state.until = Math.max(state.until, now + Math.min(hint, longestHint))
  }
}

const fail = (state: State, now: number, ticket: Ticket, { hint = 0, timeout = false }: Report): void => {
  const wasShut = isShut(state)
  state.failedShare += 1 / 10
  if (timeout && ticket.sequence > state.windowMark) narrow(state, 0.5, state.peak)
  if (ticket.sequence <= state.mark) return
  state.failures++
  if (!isShut(state)) return
  if (!wasShut) {
    const pace = requestsOf(state)
    state.failures = Math.max(state.failures, failuresToShut)
    pace.rate = Math.min(pace.rate, 1.25 * state.measured + 1)
    pace.ceiling = Math.min(pace.ceiling, pace.rate)
  }
  const millis = Math.min(longestPause, 100 * pauseFactor ** (state.failures - failuresToShut))
  pauseFor(state, now, Math.max(Math.min(hint, longestHint), millis))
}

/** Records the outcome of a call. */
export const record = (state: State, moment: number, ticket: Ticket, report: Report): void => {
  const now = advance(state, moment)
  const { kind, limits, streamed = false } = report
  if (limits !== undefined) learn(state, ticket, limits)
  if (kind === "first" || kind === "ok") {
    if (ticket.sequence > state.mark) accept(state, now)
    state.mostAccepted = Math.max(state.mostAccepted, ticket.inFlight)
    if (state.mostAccepted >= state.leastRefused) {
      state.mostAccepted = 0
      state.leastRefused = unbounded
      state.runs = 0
    }
    if (kind === "first" || !streamed) judge(state, ticket, kind, now - ticket.at, kind === "ok")
    if (kind === "first") return
  }
  state.inFlight--
  if (kind !== "ok" || streamed) judge(state, ticket, "ok", undefined, true)
  if (kind !== "dropped" && kind !== "unsent" && ticket.sequence > state.mark) {
    state.refusedShare += ((kind === "refused" ? 1 : 0) - state.refusedShare) / 10
  }
  giveBack(state, ticket, report)
  if (kind === "unsent") state.measured = Math.max(0, state.measured - 1)
  if (kind === "refused") refuse(state, now, ticket, report.hint)
  if (kind === "failed") fail(state, now, ticket, report)
}

// -------------------------------------------------------------------------------------------------
// One step
// -------------------------------------------------------------------------------------------------

const noted: Decision = { _tag: "Noted" }

/** Applies an event to a state in place, and returns the decision. */
export const apply = (state: State, now: number, event: Event): Decision => {
  if (event._tag === "Report") {
    record(state, now, event.ticket, event.report)
    return noted
  }
  const { millis, by } = ask(state, now, event.cost)
  return millis > 0
    ? { _tag: "Waiting", millis, by }
    : { _tag: "Admitted", ticket: admit(state, now, event.cost, event.heldBy) }
}

/** Returns the state after an event, and the decision. The given state is not changed. */
export const transition = (state: State, now: number, event: Event): readonly [State, Decision] => {
  const next = copy(state)
  return [next, apply(next, now, event)]
}
