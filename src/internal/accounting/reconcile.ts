/**
 * Compares the counts of a client with those of servers, and decides which side lost requests.
 *
 * @since 0.1.0
 */
import { type Group, type Reason, reasons } from "../reasons.js"
import type {
  Bounds,
  Evidence,
  Failure,
  NotEnough,
  Phase,
  ReconcileOptions,
  Row,
  ServerCounts,
  Verdict,
  Window
} from "./model.js"

// -------------------------------------------------------------------------------------------------
// The phase of a failure
// -------------------------------------------------------------------------------------------------

/** Returns the phase in which an attempt was lost; undefined if a response of the server reports the failure. */
const phaseOf = (reason: Reason, { delivery, phase }: Pick<Row, "delivery" | "phase">): Phase | undefined => {
  if (reason === "Timeout") {
    // a timeout of the whole attempt while nothing was sent may have expired in any phase
    if (phase === "attempt" || phase === "deadline" || phase === undefined) {
      return delivery === "NotSent" ? "attempt" : "read"
    }
    return phase
  }
  const { lostIn } = reasons[reason]
  return lostIn === undefined && delivery === "NotSent" ? "client" : lostIn
}

// -------------------------------------------------------------------------------------------------
// The bounds: Acknowledged + Partial ≤ the servers' count ≤ Acknowledged + Partial + Unconfirmed
// -------------------------------------------------------------------------------------------------

interface Sides {
  readonly attempts: number
  readonly calls: number
  readonly ok: number
  readonly by: { NotSent: number; Unconfirmed: number; Partial: number; Acknowledged: number }
  readonly lost: ReadonlyArray<Failure & { readonly phase: Phase }>
  readonly refused: ReadonlyArray<Failure>
}

const sidesOf = (rows: ReadonlyArray<Row>): Sides => {
  const by = { NotSent: 0, Unconfirmed: 0, Partial: 0, Acknowledged: 0 }
  const failures = new Map<string, Failure & { count: number }>()
  let [attempts, calls, ok] = [0, 0, 0]
  for (const row of rows) {
    if (row.of === "call") calls += row.count
    if (row.of !== "attempt") continue
    attempts += row.count
    by[row.delivery] += row.count
    if (row.reason === undefined) {
      ok += row.count
      continue
    }
    const { delivery, reason } = row
    const phase = phaseOf(reason, row)
    const key = `${phase} ${reason} ${delivery}`
    const known = failures.get(key)
    if (known === undefined) failures.set(key, { phase, reason, delivery, count: row.count })
    else known.count += row.count
  }
  const all = [...failures.values()].toSorted((a, b) => b.count - a.count)
  return {
    attempts,
    calls,
    ok,
    by,
    lost: all.flatMap((failure) => (failure.phase === undefined ? [] : [{ ...failure, phase: failure.phase }])),
    refused: all.filter(({ phase }) => phase === undefined)
  }
}

const total = (failures: ReadonlyArray<{ readonly count: number }>): number =>
  failures.reduce((sum, { count }) => sum + count, 0)

const isCount = (value: unknown): value is number => typeof value === "number" && value >= 0 && value < Infinity

const isSound = ({ byStatus, coverage, errors, from, requests, resolution, to }: ServerCounts): boolean =>
  isCount(requests) &&
  isCount(errors) &&
  Number.isFinite(from) &&
  Number.isFinite(to) &&
  isCount(coverage ?? 1) &&
  isCount(resolution ?? 0) &&
  Object.values(byStatus ?? {}).every(isCount)

const isSane = ({ from, inFlight, rows, to }: Window): boolean =>
  Number.isFinite(from) && Number.isFinite(to) && isCount(inFlight) && rows.every(({ count }) => isCount(count))

/** Options that have been checked. */
export type Limits = { readonly [K in keyof ReconcileOptions]-?: Exclude<ReconcileOptions[K], undefined> }

const boundsOf = (window: Window, counts: ServerCounts, { by, attempts }: Sides, limits: Limits): Bounds => {
  const least = by.Acknowledged + by.Partial
  const most = least + by.Unconfirmed + window.inFlight
  const length = Math.max(1, counts.to - counts.from)
  // the parts of the two periods that do not overlap, and the precision of their ends
  const outside = Math.abs(window.from - counts.from) + Math.abs(window.to - counts.to) + (counts.resolution ?? 0)
  const unseen = 1 - Math.min(1, counts.coverage ?? 1)
  const share = limits.share + Math.min(1, outside / length) + unseen
  const tolerance = Math.max(limits.count, Math.max(attempts, counts.requests) * share)
  return { least, most, tolerance }
}

// -------------------------------------------------------------------------------------------------
// reconcile
// -------------------------------------------------------------------------------------------------

/** Returns the verdict. Works for any numbers, and names a side only if the numbers prove it. */
export const judge = (window: Window, counts: ServerCounts, limits: Limits): Verdict => {
  if (!isSound(counts) || !isSane(window)) return notEnough("NoNumbers", undefined)
  const sides = sidesOf(window.rows)
  const { by, lost, ok, refused, attempts } = sides
  const bounds = boundsOf(window, counts, sides, limits)
  const { least, most, tolerance } = bounds
  const { requests } = counts
  const evidence: Evidence = {
    client: { calls: sides.calls, attempts, ok, ...by, inFlight: window.inFlight },
    server: counts,
    bounds,
    lost,
    refused
  }
  const length = counts.to - counts.from
  const overlap = Math.min(window.to, counts.to) - Math.max(window.from, counts.from)
  if (!(window.to > window.from && length > 0)) return notEnough("NoTime", evidence)
  if (overlap < Math.max(length, window.to - window.from) / 2) return notEnough("OtherTime", evidence)
  if ((counts.coverage ?? 1) < limits.coverage) return notEnough("Coverage", evidence)
  if (length < (counts.resolution ?? 0)) return notEnough("TooShort", evidence)
  if (Math.max(attempts, requests) < limits.attempts) return notEnough("TooFew", evidence)
  if (window.inFlight > Math.max(limits.count, attempts)) return notEnough("InFlight", evidence)

  if (requests > most + tolerance) {
    return { _tag: "MissingOnClient", missing: requests - most, evidence, next: texts.missing }
  }
  // the servers that sent the successful responses counted them, so these are the numbers of other servers
  if (requests < ok + by.Partial - tolerance) return notEnough("OtherServer", evidence)

  // error responses that the servers counted and that did not arrive: they are failures of the servers, not lost requests
  const arrived = Math.min(by.Unconfirmed, Math.max(0, requests - least))
  const responsesLost = Math.min(arrived, Math.max(0, counts.errors - total(refused) - tolerance))
  const theirs = total(refused) + responsesLost
  const ours = total(lost) - responsesLost
  const ignored = Math.max(limits.count, attempts * limits.failing)
  if (Math.max(ours, theirs) < ignored) {
    const unseenErrors = counts.errors - (most - ok) - tolerance
    if (unseenErrors > 0)
      return { _tag: "MissingOnClient", missing: counts.errors - (most - ok), evidence, next: texts.missing }
    if (2 * tolerance > Math.max(attempts, requests)) return notEnough("TooShort", evidence)
    return { _tag: "InAgreement", evidence, next: texts.agreement }
  }
  const [first] = ours >= theirs ? byPhase(without(lost, responsesLost)) : []
  if (first === undefined) {
    const unseen = least - requests > tolerance
    const next = serverSide(refused[0]?.reason) + (unseen ? texts.front : "")
    return {
      _tag: "ServerSide",
      errors: theirs,
      byReason: byReason(refused),
      byStatus: counts.byStatus,
      evidence,
      next
    }
  }
  return { _tag: "ClientSide", phase: first.phase, lost: first.count, evidence, next: texts.phases[first.phase] }
}

/** Removes from the lost attempts those of which only the response was lost, in proportion. */
const without = (lost: Sides["lost"], responses: number): Sides["lost"] => {
  const unconfirmed = total(lost.filter(({ delivery }) => delivery === "Unconfirmed"))
  const share = responses / Math.max(1, unconfirmed)
  return lost.map((one) =>
    one.delivery === "Unconfirmed" ? { ...one, count: Math.round(one.count * (1 - share)) } : one
  )
}

/** Returns the number of lost attempts for each phase, the largest first. */
const byPhase = (lost: Sides["lost"]): ReadonlyArray<{ readonly phase: Phase; readonly count: number }> => {
  const sums = new Map<Phase, number>()
  for (const { count, phase } of lost) sums.set(phase, (sums.get(phase) ?? 0) + count)
  return [...sums].map(([phase, count]) => ({ phase, count })).toSorted((a, b) => b.count - a.count)
}

const byReason = (refused: ReadonlyArray<Failure>): Readonly<Record<string, number>> => {
  const sums: Record<string, number> = {}
  for (const { count, reason } of refused) sums[reason] = (sums[reason] ?? 0) + count
  return sums
}

const notEnough = (why: NotEnough, evidence: Evidence | undefined): Verdict => ({
  _tag: "NotEnoughData",
  why,
  evidence,
  next: texts.why[why]
})

// -------------------------------------------------------------------------------------------------
// Advice
// -------------------------------------------------------------------------------------------------

const texts: {
  readonly missing: string
  readonly agreement: string
  readonly front: string
  readonly phases: { readonly [P in Phase]: string }
  readonly why: { readonly [W in NotEnough]: string }
} = {
  missing:
    "Look for other callers: another process, another client without accounting, or a proxy that repeats requests. Compare the counts of one key, one model and one window.",
  agreement: "Nothing is missing on either side.",
  front:
    " More responses arrived than the servers counted: the others came from an intermediary, such as the provider's gateway or your own proxy.",
  phases: {
    dns: "The host name was not found, so nothing was sent. Check the base URL, and the DNS resolver of this machine.",
    pool: "Calls waited too long for a free connection of this client, and nothing was sent. Allow more connections, or make fewer calls at once; look for responses whose body is never read.",
    connect:
      "No connection was made, so nothing was sent. Check host and port, the firewall and the network path from this machine, and whether the connect timeout is too short.",
    tls: "No trusted connection was made. Check the certificates, any proxy that intercepts TLS, and this machine's clock.",
    proxy: "The proxy refused the calls. Check its address, its credentials and its access rules.",
    write: "Requests were not sent in time. Check the upload speed of the network path and the size of the requests.",
    read: "Requests were sent, but no response arrived in time. Allow as much time as the model needs, stream the response, or make the request smaller; if the servers did not count these requests, check the network path.",
    connection:
      "Connections broke during requests. Check the network path: idle timeouts of proxies, NAT and load balancers, and lost packets.",
    attempt:
      "The attempts ran out of time before anything was sent. Allow more time, and check what the client does before it sends a request.",
    abort:
      "Calls were interrupted on this side before their response arrived. Look for a timeout around them, or for code that cancels them.",
    client:
      "Calls failed in this client: it could not send the requests, or could not read the responses. Look at the reasons."
  },
  why: {
    NoNumbers: "Some of the numbers are invalid. Check their source.",
    NoTime: "The window is empty or lies in the future. Choose a window in the past.",
    OtherTime:
      "The two counts are of different periods. Request the servers' counts between the `from` and `to` of the client's window.",
    Coverage: "The servers' numbers cover too small a part of the window. Collect them for longer, then compare again.",
    TooShort: "The window is too short for the precision of the servers' numbers. Choose a longer window.",
    TooFew: "There are too few requests to tell loss from chance. Wait for more, or choose a longer window.",
    InFlight: "Most of the calls have not ended. Compare again when they have.",
    OtherServer:
      "The servers counted fewer requests than succeeded, so these are the counts of other servers. Compare one host and one model, and look for a cache in between."
  }
}

/** Advice on errors that servers report, for each group of reasons. */
const adviceOf: { readonly [G in Group]: string } = {
  rate: "The provider limits the rate. Spread the calls out; limits rise with sustained use. For a higher limit at once, contact support or use a dedicated deployment.",
  capacity: "The deployment is saturated. Raise its number of replicas, or make fewer calls at once.",
  starting: "The deployment is not ready. Keep at least one replica running, or use a workload with patience.",
  account:
    "The provider refuses the account or its key. Check the key, its permissions, and the account's billing and quota.",
  request: "The servers refuse the requests. Fix the URL, the model's name or the body.",
  server:
    "The servers fail. Look at the provider's status page, and contact support with the request ids of some failures."
}

const serverSide = (reason: Reason | undefined): string =>
  adviceOf[(reason === undefined ? undefined : reasons[reason].group) ?? "server"]
