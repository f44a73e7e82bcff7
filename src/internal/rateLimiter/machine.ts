/**
 * The state machine of one key: whether a call may go, and what its outcome teaches.
 *
 * Three brakes: a pace for each resource, which is a token bucket at a learned rate, for quotas; a window of calls in flight,
 * for slowness; a pause, for refusals in a row and for outages. Everything but `transition` changes the state in place;
 * `transition` does the same to a copy, so that the two agree.
 *
 * @since 0.2.0
 */
import type { Cost, Decision, Event, Pace, Report, Resource, ServerLimit, State, Ticket, Wait } from "./model.js"

/** No bound, as a number that JSON can hold. */
export const unbounded: number = Number.MAX_VALUE

/** Requests per second before anything is known, and how many may go at once. */
const coldRate = 20
const coldBurst = 5
/** The slowest pace: one request a minute. */
const slowest = 1 / 60
/** Seconds of a rate that are saved up. */
const requestSeconds = 0.1
const tokenSeconds = 3
/** The share of a limit that is used at its pace only. */
const reserve = 0.25
/** The rate after a refusal, and where growth is slow, as shares of the rate that was refused. */
const cut = 0.85
const low = 0.9
const high = 1.07
/** Growth: the milliseconds of an e-fold, and the most for one call, as one part of so many. */
const growth = { start: [500, 8], fast: [2000, 10], slow: [60_000, 150] } as const
/** The share of the last ten responses beyond which the rate falls to what was accepted. */
const muchRefused = 0.3
/** The longest pause without a hint, its growth, and the refusals in a row after which a hint pauses the key. */
const longestPause = 2000
const pauseFactor = 3
const refusalsToPark = 2
/** The longest pause by a hint. Then one call probes. */
const longestHint = 600_000
/** Failures in a row, or the share of the last ten calls, that shut the key. */
const failuresToShut = 5
const shareToShut = 0.8
/** The window is too large if the mean time of `samples` responses is this many times the best mean. */
const slowness = 3
const slack = 30
const samples = 24
/** Output tokens of a call before any response counted them. */
const firstOutput = 256

/** The options that apply to each key. */
export interface Settings {
  readonly concurrency?: number | undefined
  /** Given limits per second. */
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

/** Returns the state of a key that nothing is known of, or what was given. */
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

/** Returns a state that shares nothing with another. */
export const copy = (state: State): State => ({
  ...state,
  best: { ...state.best },
  from: state.from && { ...state.from },
  paces: state.paces.map((pace) => ({ ...pace }))
})

// -------------------------------------------------------------------------------------------------
// Asking
// -------------------------------------------------------------------------------------------------

const roomOf = (state: State, pace: Pace): number =>
  pace.resource === "requests" ? (state.strict ? 1 : Math.max(2, pace.rate * requestSeconds)) : pace.rate * tokenSeconds

const priceOf = (state: State, pace: Pace, { input = 0, maxOutput = Infinity }: Cost): number =>
  pace.resource === "requests" ? 1 : pace.resource === "input" ? input : Math.min(state.output, maxOutput)

const levelAt = (state: State, pace: Pace, now: number): number =>
  Math.min(
    Math.max(pace.level, now < state.until ? 1 : roomOf(state, pace)),
    pace.level + (pace.rate * Math.max(0, now - state.at)) / 1000
  )

/** Lets time pass. A clock that went back stands still until it has caught up. */
const advance = (state: State, now: number): number => {
  for (const pace of state.paces) pace.level = levelAt(state, pace, now)
  if (now > state.at) state.at = now
  return state.at
}

const isShut = (state: State): boolean => state.failures >= failuresToShut || state.failedShare > shareToShut

/** The most calls that may be in flight, and which brake says so. */
const widest = ({ concurrency, window }: State): Wait =>
  concurrency <= window ? { millis: concurrency, by: "concurrency" } : { millis: Math.floor(window), by: "window" }

const free: Wait = { millis: 0, by: undefined }

/** Returns whether a call may go at a moment. Changes nothing. */
export const ask = (state: State, moment: number, cost: Cost): Wait => {
  const now = Math.max(moment, state.at)
  if (now < state.until) return { millis: state.until - now, by: "pause" }
  if (state.inFlight > 0) {
    const most = widest(state)
    if (state.inFlight >= most.millis) return { millis: Infinity, by: most.by }
  }
  let wait = free
  for (const pace of state.paces) {
    const lack = Math.min(priceOf(state, pace, cost), roomOf(state, pace)) - levelAt(state, pace, now)
    const millis = lack > 1e-9 ? (lack / pace.rate) * 1000 + 1e-6 : 0
    if (millis > wait.millis) wait = { millis, by: pace.resource }
  }
  return wait
}

const grown = (rate: number, ceiling: number, elapsed: number): number => {
  const [millis, parts] =
    ceiling === unbounded ? growth.start : rate < ceiling * low || rate > ceiling * high ? growth.fast : growth.slow
  return rate * (1 + Math.min(elapsed / millis, 1 / parts))
}

/** Admits a call that `ask` lets go; `heldBy` is what it last waited for. */
export const admit = (state: State, moment: number, cost: Cost, heldBy: Wait["by"]): Ticket => {
  const now = advance(state, moment)
  const gap = now - state.sentAt
  // calls after the last refusal that were not refused in twice the time a refusal takes were accepted
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

/** The first pace is that of requests, which each state has. */
const requestsOf = (state: State): Pace => state.paces[0] as Pace

/** The slowest rate of a pace: a limit may be slower than what is learned. */
const floorOf = ({ limit = Infinity }: Pace): number => Math.min(slowest, limit)

const slowDown = (state: State, { gap, heldBy, inFlight }: Ticket): void => {
  const pace = state.paces.find(({ resource }) => resource === heldBy) ?? requestsOf(state)
  state.runs++
  if (heldBy === "window") return narrow(state, cut, inFlight)
  // refused, run after run, only with more in flight than was ever accepted: the limit is of slots, not of a rate
  if (state.runs > 3 && state.mostAccepted > 0 && state.leastRefused > state.mostAccepted) {
    return narrow(state, 1, state.mostAccepted)
  }
  // refused right after another call: at first that only forbids to bunch
  if (!state.strict && gap < 500 / pace.rate) {
    state.strict = true
    return
  }
  const isMuch = state.refusedShare > muchRefused
  const wasHeld = heldBy !== undefined && heldBy !== "concurrency"
  // where nothing was held back, the rate says nothing, and the number of calls does
  if (!wasHeld) pace.rate = Math.min(pace.rate, 1.25 * state.measured + 1)
  else if (pace.ceiling === unbounded) pace.rate = Math.max(pace.rate / 2, Math.min(pace.rate, state.measured))
  pace.rate = Math.max(floorOf(pace), pace.rate * (isMuch ? 1 - state.refusedShare : cut))
  pace.ceiling = wasHeld ? pace.rate / cut : (pace.limit ?? unbounded)
  pace.level = Math.min(pace.level, 0)
  if (isMuch) state.refusedShare = 0
}

/**
 * Judges a window by the first responses to the calls admitted first under it. Later ones, or all, would favour the short or
 * the long.
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
    // half of the calls, and no faster: the window is not the cause
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
    // less what was sent since, and what is in flight and not charged yet
    const left = remaining - reserve * perMinute - then.pending - (pace.spent - then.spent)
    if (pace.cap === undefined) pace.level = Math.max(pace.level, left)
  }
}

/** Returns what a call was charged and did not use. */
const giveBack = (state: State, ticket: Ticket, { kind, usage }: Report): void => {
  state.paces.forEach((pace, index) => {
    const amount = ticket.charged[index]?.amount ?? 0
    if (pace.resource === "output") pace.pending -= amount
    const used = pace.resource === "requests" ? amount : kind === "ok" ? usage?.[pace.resource] : 0
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
  // a refusal is new only if the call was sent after the last refusal was known and could take effect
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

/** Notes what became of a call. */
export const hear = (state: State, moment: number, ticket: Ticket, report: Report): void => {
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
  if (kind !== "dropped" && ticket.sequence > state.mark) {
    state.refusedShare += ((kind === "refused" ? 1 : 0) - state.refusedShare) / 10
  }
  giveBack(state, ticket, report)
  if (kind === "refused") refuse(state, now, ticket, report.hint)
  if (kind === "failed") fail(state, now, ticket, report)
}

// -------------------------------------------------------------------------------------------------
// One step
// -------------------------------------------------------------------------------------------------

const noted: Decision = { _tag: "Noted" }

/** Applies an event to a state in place, and returns what follows. */
export const apply = (state: State, now: number, event: Event): Decision => {
  if (event._tag === "Report") {
    hear(state, now, event.ticket, event.report)
    return noted
  }
  const { millis, by } = ask(state, now, event.cost)
  return millis > 0
    ? { _tag: "Waiting", millis, by }
    : { _tag: "Admitted", ticket: admit(state, now, event.cost, event.heldBy) }
}

/** Returns the state after an event, and what follows. The state that is given remains as it was. */
export const transition = (state: State, now: number, event: Event): readonly [State, Decision] => {
  const next = copy(state)
  return [next, apply(next, now, event)]
}
