/**
 * The state of one key that several processes share through a store, and its one step.
 *
 * A step applies the outcomes and the requests of one process that are ready. All of its times are those of the store's clock.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import type { Slot } from "../../Store.js"
import { admit, ask, configure, copy, initial, levelAt, record, roomOf, type Settings, unbounded } from "./machine.js"
import type { Brake, Cost, Report, Resource, State, Ticket, Wait } from "./model.js"

/** The milliseconds after which the calls of a process that was not seen are no longer counted. */
const lostAfter = 30_000
/** The milliseconds after which a process with calls in flight is seen again. */
export const seenEvery = 10_000
/** The milliseconds for which a freed place is left to another process that waits for it, and after which that is repeated. */
const claimFor = 1000
const claimEvery = 300
/** The milliseconds by which the store's clock may be behind the state before the state follows it. */
const mostBehind = 1000

/** The part of one process in the calls in flight. */
export interface Member {
  readonly inFlight: number
  /** The output tokens of these calls that the server has not charged yet. */
  readonly pending: number
  readonly seenAt: number
  /** The moment since which the process waits because of the number of calls in flight; absent if it does not. */
  readonly since?: number | undefined
}

export interface SharedState {
  /** An id that is new for each state that does not follow from a stored one. */
  readonly epoch: string
  readonly state: State
  readonly members: { readonly [id: string]: Member }
}

/** A call that the store admitted. */
export interface SharedTicket extends Ticket {
  /** The epoch of the state that admitted the call. */
  readonly epoch: string
  /** The output tokens that the call reserved. */
  readonly output: number
}

/** The events of one process that are applied in one step. Its times are those of the clock of the process. */
export interface Batch {
  /** The id of the process. */
  readonly id: string
  /** The epoch of a state that this step creates. */
  readonly epoch: string
  readonly now: number
  readonly settings: Settings
  /** The calls of this process in flight, and the output tokens that they reserved, after all `reports`. */
  readonly inFlight: number
  readonly pending: number
  readonly reports: ReadonlyArray<{ readonly ticket: SharedTicket; readonly report: Report }>
  /** Calls that wait, in their order. The step ends at the first one that must wait longer. */
  readonly asks: ReadonlyArray<{ readonly cost: Cost; readonly heldBy: Brake | undefined }>
  /** The last state that this process knows; a new state continues from it. */
  readonly known: State | undefined
  /** The amounts that this process spent while the store was unavailable, and the epoch that they belong to. */
  readonly spent: { readonly epoch: string; readonly amounts: Spent } | undefined
}

type Spent = { readonly [R in Resource]?: number }

export interface Outcome {
  /** The moment of the step by the store's clock. */
  readonly now: number
  readonly epoch: string
  readonly state: State
  /** The number of other processes with calls in flight or waiting. */
  readonly others: number
  /** The tickets of the admitted calls, the first ones of `asks`. */
  readonly tickets: ReadonlyArray<SharedTicket>
  /** The wait of the first call that was not admitted. */
  readonly wait: Wait | undefined
}

// -------------------------------------------------------------------------------------------------
// Changes of a state
// -------------------------------------------------------------------------------------------------

/** Moves all moments of a state in place, and returns it. */
export const shift = (state: State, millis: number): State => {
  if (millis === 0) return state
  state.at += millis
  state.sentAt += millis
  state.until += millis
  state.markedAt += millis
  state.probedAt += millis
  return state
}

/** Returns a copy of a state for a share of the traffic, or for all of it with a factor above 1. */
export const scaled = (given: State, factor: number): State => {
  const state = copy(given)
  const times = (amount: number, least = 0) =>
    amount >= unbounded ? amount : Math.max(least, Math.min(amount * factor, unbounded))
  for (const pace of state.paces) {
    pace.rate *= factor
    pace.ceiling = times(pace.ceiling)
    pace.level *= factor
    if (pace.limit !== undefined) pace.limit *= factor
    pace.pending = 0
  }
  state.measured *= factor
  state.concurrency = Math.floor(times(state.concurrency, 1))
  state.window = times(state.window, 1)
  state.windowCeiling = times(state.windowCeiling, 1)
  state.mostAccepted = 0
  state.leastRefused = unbounded
  state.runs = 0
  state.from = undefined
  return state
}

/** Returns what was taken from each bucket and is not refilled yet. */
export const spentOf = (state: State, now: number): Spent =>
  Object.fromEntries(
    state.paces.map((pace) => [pace.resource, Math.max(0, roomOf(state, pace) - levelAt(state, pace, now))])
  )

/** A call that another state admitted: it is not part of what this one has charged and learned. */
export const foreign = (ticket: Ticket): Ticket => ({ ...ticket, sequence: 0, charged: [] })

// -------------------------------------------------------------------------------------------------
// The step
// -------------------------------------------------------------------------------------------------

const start = ({ epoch, known, now, settings }: Batch, moment: number): SharedState => {
  if (known === undefined) return { epoch, state: { ...initial(settings), at: moment }, members: {} }
  // the requests that other processes have sent since are unknown, so the buckets are empty
  const state = shift(copy(known), moment - now)
  state.at = moment
  for (const pace of state.paces) pace.level = Math.min(pace.level, 0)
  return { epoch, state, members: {} }
}

const othersOf = ({ members }: SharedState, id: string, now: number): ReadonlyArray<readonly [string, Member]> =>
  Object.entries(members).filter(([name, { seenAt }]) => name !== id && now - seenAt < lostAfter)

/** Returns the calls in flight that are left to processes with fewer of them, or that wait longer. */
const reservedFor = (
  others: ReadonlyArray<readonly [string, Member]>,
  id: string,
  inFlight: number,
  since: number,
  now: number
): number => {
  let reserved = 0
  for (const [name, other] of others) {
    if (other.since === undefined || now - other.seenAt > claimFor) continue
    const isBefore =
      other.inFlight !== inFlight ? other.inFlight < inFlight : other.since !== since ? other.since < since : name < id
    if (isBefore) reserved++
  }
  return reserved
}

/** True if the stored part of this process must be written again. */
const isOutdated = (stored: Member | undefined, next: Member | undefined, now: number): boolean => {
  if (stored === undefined || next === undefined) return stored !== next
  const age = now - stored.seenAt
  return (
    stored.inFlight !== next.inFlight ||
    stored.pending !== next.pending ||
    (stored.since === undefined) !== (next.since === undefined) ||
    age >= (next.since === undefined ? seenEvery / 2 : claimEvery)
  )
}

/** Applies a batch to the stored state. Returns the stored state itself if the batch changes nothing. */
export const step = (batch: Batch, stored: SharedState | undefined, now: number): readonly [Outcome, SharedState] => {
  const shared = stored ?? start(batch, now)
  const { epoch } = shared
  const { asks, id, reports, settings, spent } = batch
  const local = now - batch.now
  const state = copy(shared.state)
  let isChanged = stored === undefined || configure(state, settings) || reports.length > 0
  if (state.at > now + mostBehind) {
    shift(state, now - state.at)
    isChanged = true
  }
  const others = othersOf(shared, id, now)
  const output = state.paces.find(({ resource }) => resource === "output")
  const ended = reports.filter(({ report }) => report.kind !== "first")
  let inFlight = batch.inFlight + ended.length
  let pending = ended.reduce((sum, { ticket }) => sum + ticket.output, batch.pending)
  state.inFlight = inFlight
  let othersPending = 0
  for (const [, member] of others) {
    state.inFlight += member.inFlight
    othersPending += member.pending
  }
  if (output !== undefined) output.pending = othersPending + pending
  if (spent?.epoch === epoch) {
    isChanged = true
    for (const pace of state.paces) pace.level -= spent.amounts[pace.resource] ?? 0
  }
  for (const { report, ticket } of reports) {
    const own = ticket.epoch === epoch ? { ...ticket, at: ticket.at + local } : foreign(ticket)
    record(state, now, own, report)
    if (report.kind === "first") continue
    inFlight--
    pending -= ticket.output
    if (output !== undefined) output.pending = othersPending + pending
  }
  const tickets: Array<SharedTicket> = []
  let wait: Wait | undefined
  let since: number | undefined
  for (const { cost, heldBy } of asks) {
    // processes take turns: a turn ends with an admission
    const waitsSince = (tickets.length === 0 ? shared.members[id]?.since : undefined) ?? now
    const reserved = reservedFor(others, id, inFlight, waitsSince, now)
    const found = ask(state, now, cost, reserved)
    if (found.millis > 0) {
      wait = found
      if (found.by === "window" || found.by === "concurrency") since = waitsSince
      break
    }
    const ticket = admit(state, now, cost, heldBy)
    const charged = ticket.charged[state.paces.findIndex(({ resource }) => resource === "output")]?.amount ?? 0
    inFlight++
    pending += charged
    tickets.push({ ...ticket, epoch, output: charged })
  }
  if (output !== undefined) output.pending = othersPending + pending
  const seen: Member | undefined =
    inFlight > 0 || since !== undefined ? { inFlight, pending, seenAt: now, since } : undefined
  const outcome: Outcome = { now, epoch, state, others: others.length, tickets, wait }
  if (stored !== undefined && !isChanged && tickets.length === 0 && !isOutdated(stored.members[id], seen, now)) {
    return [outcome, stored]
  }
  const members = Object.fromEntries(seen === undefined ? others : [...others, [id, seen]])
  return [outcome, { epoch, state, members }]
}

// -------------------------------------------------------------------------------------------------
// The slot
// -------------------------------------------------------------------------------------------------

type Fields = { readonly [name: string]: unknown }

/** True if a value has all numbers, flags and parts of a template. */
const fits = (value: unknown, template: object): value is Fields =>
  typeof value === "object" &&
  value !== null &&
  Object.entries(template).every(([name, like]: [string, unknown]) => {
    const field = (value as Fields)[name]
    if (typeof like === "number") return Number.isFinite(field)
    if (typeof like === "object" && like !== null) return Array.isArray(like) ? Array.isArray(field) : fits(field, like)
    return like === undefined || typeof field === typeof like
  })

const isOptionalNumber = (value: unknown): boolean => value === undefined || Number.isFinite(value)

const isPace = (value: unknown, index: number): boolean => {
  const [template] = initial().paces
  return (
    fits(value, template ?? {}) &&
    (index === 0
      ? value["resource"] === "requests"
      : value["resource"] === "input" || value["resource"] === "output") &&
    isOptionalNumber(value["limit"]) &&
    isOptionalNumber(value["cap"]) &&
    Number(value["rate"]) > 0
  )
}

const isState = (value: unknown): value is State => {
  if (!fits(value, initial())) return false
  const paces: ReadonlyArray<unknown> = Array.isArray(value["paces"]) ? value["paces"] : []
  const from = value["from"]
  return paces.length > 0 && paces.every(isPace) && (from === undefined || fits(from, { inFlight: 0, mean: 0 }))
}

const isMember = (value: unknown): boolean =>
  fits(value, { inFlight: 0, pending: 0, seenAt: 0 }) && isOptionalNumber(value["since"])

const isShared = (value: unknown): value is SharedState =>
  fits(value, { epoch: "", state: {}, members: {} }) &&
  isState(value["state"]) &&
  Object.values(value["members"] as object).every(isMember)

/** Returns the slot of shared limits. Its name has a number that changes with the form of the state. */
export const slotOf = (timeToLive: Duration.Duration): Slot<SharedState> => ({
  name: "RateLimiter/1",
  decode: (json) => (isShared(json) ? json : undefined),
  timeToLive
})
