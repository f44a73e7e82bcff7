/**
 * One key whose state is in a store that several processes share.
 *
 * The queue stays in this process. Each step of the store applies all outcomes that are ready, and admits the first calls of the
 * queue as far as possible; at most one step is outstanding. `state` is the last state that this process has seen, moved to the
 * clock of this process. While the store is unavailable, `state` is this process's share of that state, and decides alone.
 *
 * @since 0.2.0
 */
import { type Host, Lane, type Waiter } from "./lane.js"
import { ask, copy, initial, record, type Settings } from "./machine.js"
import type { Brake, Cost, Report, Ticket } from "./model.js"
import {
  type Batch,
  foreign,
  type Outcome,
  scaled,
  seenEvery,
  type SharedState,
  type SharedTicket,
  shift,
  spentOf,
  step
} from "./sharedState.js"

/** The store of the lanes of a limiter, and the rules of its use. */
export interface Sharing {
  /** The id of this limiter in the store. */
  readonly id: string
  readonly settings: Settings
  /** The number of processes that share the store. */
  readonly processes: number
  readonly onOutage: "local" | "fail"
  /** The milliseconds that an outcome may wait for the next call, so that both take one step. */
  readonly delay: number
  /** The milliseconds for which the last state of a key is of use. */
  readonly idle: number
  /** Runs a step on the state of a key, and passes the result to `done`, or `undefined` if the store is unavailable. */
  readonly modify: (
    key: string,
    step: (stored: SharedState | undefined, now: number) => readonly [Outcome, SharedState],
    done: (outcome: Outcome | undefined) => void
  ) => void
}

/** The shortest wait in milliseconds. A clock may not be able to express a shorter one. */
const shortest = 0.01
/** The maximum number of calls for which one step asks. */
const mostAsks = 64
/** The milliseconds after which an unavailable store is used again. The store itself may rest for longer. */
const retryAfter = 250
/** The maximum milliseconds between two looks at a state that other processes change. */
const lookAfter = { least: 10, most: 250, pace: 1000 }

export class SharedLane<T> extends Lane<T> {
  readonly #sharing: Sharing
  readonly #key: string
  #inFlight = 0
  /** The output tokens that the calls in flight have reserved. */
  #pending = 0
  #reports: Array<Batch["reports"][number]> = []
  /** The moment at which the outcomes are reported at the latest. */
  #reportsAt = Infinity
  /** The calls of the outstanding step that still wait. They are not in the queue. */
  readonly #asked = new Set<Waiter>()
  #isStepping = false
  /** True while the store is unavailable and this process decides alone. */
  #isAlone = false
  /** True from the first failure of the store to its next success. */
  #isOut = false
  /** The number of the last call that was in the queue when a call had to wait. */
  #held = 0
  #steps = 0
  #steppedAt = -Infinity
  #epoch: string | undefined
  /** The epoch of the state of this process, while it decides alone. */
  #ownEpoch = ""
  #others = 0
  /** The head of the queue that is held back, and the moment of the next step for it. */
  #head: Waiter | undefined
  #dueAt = Infinity

  constructor(key: string, sharing: Sharing, host: Host<T>, most?: number) {
    super({ ...initial(sharing.settings), at: host.now() }, host, most)
    this.#key = key
    this.#sharing = sharing
  }

  override get waiting(): number {
    return super.waiting + this.#asked.size
  }

  override get isBusy(): boolean {
    return this.#asked.size > 0 || !this.isQuiet
  }

  override tryAdmit(cost: Cost): Ticket | undefined {
    this.#retry()
    return this.#isAlone ? super.tryAdmit(cost) : undefined
  }

  override leave(item: Waiter): void {
    if (this.#asked.has(item)) return this.remove(item)
    super.leave(item)
  }

  protected override get isQuiet(): boolean {
    return super.isQuiet && this.#reports.length === 0 && this.#inFlight === 0 && !this.#isStepping
  }

  protected override remove(item: Waiter): void {
    super.remove(item)
    this.#asked.delete(item)
  }

  protected override admit(now: number, cost: Cost, heldBy: Brake | undefined): SharedTicket {
    const ticket = super.admit(now, cost, heldBy)
    const index = this.state.paces.findIndex(({ resource }) => resource === "output")
    return this.#opened({ ...ticket, epoch: this.#ownEpoch, output: ticket.charged[index]?.amount ?? 0 })
  }

  protected override learn(ticket: SharedTicket, report: Report): void {
    if (report.kind !== "first") {
      this.#inFlight--
      this.#pending -= ticket.output
    }
    if (this.#isAlone) return this.#learnAlone(ticket, report)
    this.#reports.push({ ticket, report })
    // a refusal or a failure may stop other processes, and a waiting call may be admitted
    const isUrgent = report.kind === "refused" || report.kind === "failed" || this.waiting > 0
    const delay = isUrgent ? 0 : this.#sharing.delay
    this.#reportsAt = Math.min(this.#reportsAt, this.host.now() + delay)
  }

  protected override advance(): number {
    for (;;) {
      this.#retry()
      const now = this.host.now()
      if (this.#isAlone) {
        const millis = super.advance()
        // without other events, the calls in flight must become known to the store again
        const isPending = this.#isStepping || this.#inFlight === 0
        return isPending ? millis : Math.min(millis, this.#steppedAt + retryAfter - now)
      }
      this.expire(now, now)
      const deadline = (this.deadlines.first?.key ?? Infinity) - now
      if (this.#isStepping) return deadline
      const head = this.queue.first?.value
      const seen = this.#inFlight > 0 ? this.#steppedAt + seenEvery - now : Infinity
      // a state that is older, or that lacks outcomes, does not hold calls back
      const isRecent = now < this.#steppedAt + lookAfter.most && !this.#isOut
      if (head !== undefined && head !== this.#head && isRecent) {
        const { by, millis } = ask(this.state, now, head.cost)
        if (millis > 0) this.#hold(head, by, millis, now)
      }
      const isDue = head !== undefined && (head !== this.#head || this.#dueAt - now < shortest / 10)
      if (now >= this.#reportsAt || seen <= 0 || isDue) {
        this.#step(now)
        continue
      }
      if (head === undefined) {
        this.rest()
        this.#head = undefined
        return Math.min(seen, this.#reportsAt - now)
      }
      // a pause admits no call, so calls whose deadline is before its end are refused now
      if (head.heldBy === "pause" && this.state.until > now) this.expire(this.state.until, now)
      if (this.queue.first?.value === head) return Math.min(this.#dueAt - now, this.#reportsAt - now, deadline, seen)
    }
  }

  #hold(head: Waiter, by: Brake | undefined, millis: number, now: number): void {
    this.heldBy = head.heldBy = by
    this.#head = head
    this.#dueAt = now + Math.max(shortest, this.#delay(by, millis))
  }

  /** Returns the milliseconds until the next step for a call that is held back. */
  #delay(by: Brake | undefined, millis: number): number {
    const { best, strict } = this.state
    const interval = Math.min(1000, 1000 / this.rate())
    const draw = this.host.random()
    if (this.#others === 0) return millis + (strict ? 0 : draw * interval)
    // the outcomes of other processes are not reported to this one
    if (millis === Infinity) {
      return Math.max(lookAfter.least, Math.min(lookAfter.most, best.ok / 10)) * (0.5 + draw)
    }
    const most = by === "pause" ? lookAfter.most : lookAfter.pace
    // without a random delay, the same process would often be the first
    return Math.min(millis, most) + draw * (strict ? interval / 4 : Math.min(most, interval * (1 + this.#others)))
  }

  /** Runs one step with the outcomes that are ready and the first calls of the queue. */
  #step(now: number): void {
    const { id, idle, modify, processes, settings } = this.#sharing
    const items: Array<Waiter> = []
    const reports = this.#reports
    if (!this.#isAlone) {
      this.#reports = []
      this.#reportsAt = Infinity
      for (let head = this.queue.first; head !== undefined && items.length < mostAsks; head = this.queue.first) {
        this.queue.remove(head)
        this.#asked.add(head.value)
        items.push(head.value)
      }
    }
    // a call was held back, so all calls have waited
    if (this.#head !== undefined) this.#held = this.number
    this.#head = undefined
    const behind = this.queue.size > 0
    const known = this.#isAlone ? scaled(this.state, processes) : this.state
    const batch: Batch = {
      id,
      epoch: this.#nextEpoch(),
      now,
      settings,
      inFlight: this.#inFlight,
      pending: this.#pending,
      reports,
      asks: items.map(({ cost, heldBy }, index) => ({
        cost,
        heldBy: heldBy ?? (behind || index < items.length - 1 ? this.heldBy : undefined)
      })),
      known: this.#epoch !== undefined && now - known.at < idle ? known : undefined,
      spent:
        this.#isAlone && this.#epoch !== undefined
          ? { epoch: this.#epoch, amounts: spentOf(this.state, now) }
          : undefined
    }
    this.#isStepping = true
    let at = now
    modify(
      this.#key,
      (stored, moment) => {
        at = this.host.now()
        return step(batch, stored, moment)
      },
      (outcome) => {
        this.#steppedAt = this.host.now()
        if (outcome === undefined) this.#fail(items, reports)
        else this.#settle(items, outcome, at - outcome.now)
        this.#isStepping = false
        this.pump()
      }
    )
  }

  #settle(items: ReadonlyArray<Waiter>, { epoch, others, state, tickets, wait }: Outcome, offset: number): void {
    const now = this.host.now()
    this.state = offset === 0 ? state : shift(copy(state), offset)
    this.#epoch = epoch
    this.#others = others
    this.#isAlone = false
    this.#isOut = false
    items.forEach((item, index) => {
      const given = tickets[index]
      const isWaiting = this.#asked.has(item)
      if (given === undefined) {
        if (isWaiting) this.#requeue(item)
        return
      }
      this.counts.admitted++
      const ticket = this.#opened({ ...given, at: given.at + offset })
      // the caller stopped waiting during the step
      if (!isWaiting) return this.learn(ticket, { kind: "unsent" })
      this.remove(item)
      if (item.inQueue !== undefined && item.inQueue.number <= this.#held) this.countWait(item, now)
      item.admitted(ticket)
    })
    const head = items[tickets.length]
    if (wait === undefined || head === undefined) return
    this.#held = this.number
    this.#hold(head, wait.by, wait.millis, now)
  }

  /** Continues without the store: with this process's share, or with the failure of all waiting calls. */
  #fail(items: ReadonlyArray<Waiter>, reports: Batch["reports"]): void {
    const { onOutage, processes } = this.#sharing
    for (const item of items) if (this.#asked.has(item)) this.#requeue(item)
    if (!this.#isOut) this.counts.outages++
    this.#isOut = true
    if (this.#isAlone) return
    if (onOutage === "fail") {
      for (let head = this.queue.first; head !== undefined; head = this.queue.first) {
        this.remove(head.value)
        this.refuse(head.value, { why: "outage", by: "store", millis: retryAfter })
      }
      return
    }
    this.#isAlone = true
    this.#ownEpoch = this.#nextEpoch()
    this.state = scaled(this.state, 1 / processes)
    const learned = [...reports, ...this.#reports.splice(0)]
    this.#reportsAt = Infinity
    this.state.inFlight = this.#inFlight + learned.filter(({ report }) => report.kind !== "first").length
    for (const { report, ticket } of learned) this.#learnAlone(ticket, report)
  }

  #learnAlone(ticket: SharedTicket, report: Report): void {
    const { processes } = this.#sharing
    const limits = report.limits?.map((limit) => ({
      ...limit,
      perMinute: limit.perMinute / processes,
      remaining: limit.remaining && limit.remaining / processes
    }))
    record(this.state, this.host.now(), ticket.epoch === this.#ownEpoch ? ticket : foreign(ticket), {
      ...report,
      limits
    })
  }

  #nextEpoch(): string {
    return `${this.#sharing.id}.${++this.#steps}`
  }

  #requeue(item: Waiter): void {
    this.#asked.delete(item)
    if (item.inQueue !== undefined) this.queue.add(item.inQueue)
  }

  #opened(ticket: SharedTicket): SharedTicket {
    this.#inFlight++
    this.#pending += ticket.output
    return ticket
  }

  /** Uses an unavailable store again after a while. Calls do not wait for it. */
  #retry(): void {
    const now = this.host.now()
    if (this.#isAlone && !this.#isStepping && now >= this.#steppedAt + retryAfter) this.#step(now)
  }
}
