/**
 * One key: its state, its queue and its one timer.
 *
 * Calls are ordered by one number, the time of arrival plus the slack of their class. This number gives priority, ageing and
 * first-in-first-out order: urgent calls overtake a call of a class with slack only until its slack is over.
 *
 * @since 0.2.0
 */
import { Heap, HeapNode } from "../heap.js"
import { maxMillis } from "../options.js"
import { admit, ask, isFree, record } from "./machine.js"
import type { Brake, Cost, Report, State, Ticket } from "./model.js"

/** The clock, the random numbers and the timer of a limiter. */
export interface Host<T> {
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** A number from [0, 1). */
  readonly random: () => number
  readonly setTimer: (millis: number, fire: () => void) => T
  readonly clearTimer: (timer: T) => void
}

/**
 * The reason why a call may not wait: the queue is full, the wait would end after the deadline, or the store of the state is
 * unavailable.
 */
export interface Refusal {
  readonly why: "queue" | "deadline" | "outage"
  readonly by: Brake | undefined
  /** The milliseconds until the call could be admitted; 0 if unknown. */
  readonly millis: number
}

/** A waiting call. */
export interface Waiter {
  /** The time of arrival plus the slack of the class; a retry keeps it. */
  readonly order: number
  readonly cost: Cost
  /** The moment after which the call may not begin. */
  readonly deadline: number
  readonly admitted: (ticket: Ticket) => void
  readonly refused: (refusal: Refusal) => void
  /** The brake that last held the call back. */
  heldBy: Brake | undefined
  /** The start of the wait. */
  since: number
  /** The places in the two heaps; absent before the wait. */
  inQueue: HeapNode<Waiter> | undefined
  inDeadlines: HeapNode<Waiter> | undefined
}

/** Counts since the key was created. */
export interface LaneCounts {
  admitted: number
  /** The number of calls that were admitted after a wait. */
  waited: number
  /** The sum of their waits, in milliseconds. */
  waitedMillis: number
  /** The number of calls that were not admitted, by the brake that held them back. */
  readonly refused: { [B in Brake]?: number }
  /** The number of calls that the server refused. */
  serverRefusals: number
  /** The number of times that the store of the state became unavailable. */
  outages: number
}

/** The shortest timer, in milliseconds. A clock may round a shorter one to nothing, and would never reach the moment it is for. */
const shortestTimer = 1e-3
/** The shortest pause that is reported, in milliseconds. Shorter ones are part of normal operation. */
const reportedPause = 1000

export class Lane<T> {
  state: State
  readonly host: Host<T>
  readonly counts: LaneCounts = {
    admitted: 0,
    waited: 0,
    waitedMillis: 0,
    refused: {},
    serverRefusals: 0,
    outages: 0
  }
  /** The maximum number of waiting calls. */
  readonly most: number
  protected readonly queue: Heap<Waiter> = new Heap()
  protected readonly deadlines: Heap<Waiter> = new Heap()
  /** The number of the last call that waited. */
  protected number = 0
  #timer: T | undefined
  /** The time at which the timer fires; Infinity without a timer. */
  #wakesAt = Infinity
  /** The brake that last held back the head of the queue; absent if the queue is empty. */
  protected heldBy: Brake | undefined
  /** An upper bound of the orders in the queue. */
  #last = -Infinity
  #queuedInput = 0
  #isPumping = false
  // one function for all timers: each admitted call sets the next one
  readonly #wake = (): void => {
    this.#timer = undefined
    this.pump()
  }
  /** True from a pause that was reported, until the server accepts a call. */
  #isPaused = false
  /** Called when a pause of a second or longer holds back or refuses a call, once until the server accepts a call. */
  onPause: ((millis: number, by: "failures" | "refusals") => void) | undefined

  constructor(state: State, host: Host<T>, most = Infinity) {
    this.state = state
    this.host = host
    this.most = most
  }

  get waiting(): number {
    return this.queue.size
  }

  /** True if a call is in flight or waits. */
  get isBusy(): boolean {
    return this.state.inFlight > 0 || this.queue.size > 0
  }

  /** Admits a call at once if the queue is empty and no brake holds it back; returns `undefined` otherwise. */
  tryAdmit(cost: Cost): Ticket | undefined {
    if (this.queue.size > 0) return undefined
    const now = this.host.now()
    return ask(this.state, now, cost).millis > 0 ? undefined : this.admit(now, cost, undefined)
  }

  /** Tests whether there is room for a call that is not needed, such as a second copy. */
  isFree(cost: Cost): boolean {
    return this.queue.size === 0 && isFree(this.state, this.host.now(), cost)
  }

  /** Queues a call that was not admitted at once. Refuses it immediately if it could not start before its deadline. */
  wait(item: Waiter): void {
    const refusal = this.#objection(item)
    if (refusal !== undefined) {
      if (refusal.by === "pause") this.#reportPause()
      return this.refuse(item, refusal)
    }
    item.since = this.host.now()
    const number = ++this.number
    this.queue.add((item.inQueue = new HeapNode<Waiter>(item.order, number, item)))
    if (item.deadline !== Infinity) {
      this.deadlines.add((item.inDeadlines = new HeapNode<Waiter>(item.deadline, number, item)))
    }
    this.#last = Math.max(this.#last, item.order)
    this.#queuedInput += item.cost.input ?? 0
    // a call behind others does not change the timer, unless its deadline is the next event
    if (this.queue.first === item.inQueue || item.deadline < this.#wakesAt) this.pump()
  }

  /** Removes a call whose caller stopped waiting. */
  leave(item: Waiter): void {
    if (item.inQueue === undefined || item.inQueue.index < 0) return
    const wasFirst = this.queue.first === item.inQueue
    this.remove(item)
    if (wasFirst) this.pump()
  }

  /** Records the outcome of a call. */
  record(ticket: Ticket, report: Report): void {
    if (report.kind === "refused") this.counts.serverRefusals++
    this.learn(ticket, report)
    if (this.#isPaused && this.state.refusals === 0 && this.state.failures === 0) this.#isPaused = false
    this.pump()
  }

  /** Admits the calls that no brake holds back, and sets the timer for the next one. */
  pump(): void {
    if (this.#isPumping) return
    if (this.isQuiet && this.#timer === undefined) return this.rest()
    this.#isPumping = true
    if (this.#timer !== undefined) this.host.clearTimer(this.#timer)
    this.#timer = undefined
    const millis = this.advance()
    if (this.heldBy === "pause") this.#reportPause()
    this.#isPumping = false
    this.#wakesAt = this.host.now() + millis
    if (millis === Infinity) return
    this.#timer = this.host.setTimer(Math.max(shortestTimer, Math.min(millis, maxMillis)), this.#wake)
  }

  #reportPause(): void {
    const { failures, refusals, until } = this.state
    const millis = until - this.host.now()
    if (this.#isPaused || millis < reportedPause) return
    this.#isPaused = true
    this.onPause?.(millis, refusals > failures ? "refusals" : "failures")
  }

  /** Admits and refuses calls as far as possible now. Returns the milliseconds until the next change without a response. */
  protected advance(): number {
    const { host, state } = this
    for (;;) {
      const now = host.now()
      this.expire(now, now)
      const head = this.queue.first?.value
      if (head === undefined) {
        this.rest()
        return Infinity
      }
      const { by, millis } = ask(state, now, head.cost)
      if (millis > 0) {
        this.heldBy = head.heldBy = by
        // a pause admits no call, so calls whose deadline is before its end are refused now
        if (by === "pause") this.expire(now + millis, now)
        if (this.queue.first?.value !== head) continue
        const deadline = (this.deadlines.first?.key ?? Infinity) - now
        // a random delay of up to one interval: without it, regular callers would keep new ones out
        const jitter = state.strict ? 0 : host.random() * Math.min(1000, 1000 / this.rate())
        return Math.min(millis + jitter, deadline)
      }
      this.remove(head)
      const heldBy = head.heldBy ?? (this.queue.size > 0 ? this.heldBy : undefined)
      this.countWait(head, now)
      head.admitted(this.admit(now, head.cost, heldBy))
    }
  }

  /** True if nothing is to be done before the next call or outcome. */
  protected get isQuiet(): boolean {
    return this.queue.size === 0
  }

  /** Forgets what the queue has shown, because it is empty. */
  protected rest(): void {
    this.heldBy = undefined
    this.#last = -Infinity
  }

  protected learn(ticket: Ticket, report: Report): void {
    record(this.state, this.host.now(), ticket, report)
  }

  protected admit(now: number, cost: Cost, heldBy: Brake | undefined): Ticket {
    this.counts.admitted++
    return admit(this.state, now, cost, heldBy)
  }

  protected countWait({ since }: Waiter, now: number): void {
    this.counts.waited++
    this.counts.waitedMillis += now - since
  }

  protected remove(item: Waiter): void {
    if (item.inQueue !== undefined) this.queue.remove(item.inQueue)
    if (item.inDeadlines !== undefined) this.deadlines.remove(item.inDeadlines)
    this.#queuedInput -= item.cost.input ?? 0
  }

  /** Refuses all calls whose deadline is not after a moment. */
  protected expire(moment: number, now: number): void {
    for (;;) {
      const item = this.deadlines.first?.value
      if (item === undefined || item.deadline > moment) return
      this.remove(item)
      const { by, millis } = ask(this.state, now, item.cost)
      this.refuse(item, { why: "deadline", by, millis: Number.isFinite(millis) ? millis : 0 })
    }
  }

  protected refuse(item: Waiter, refusal: Refusal): void {
    const by = refusal.by ?? "requests"
    this.counts.refused[by] = (this.counts.refused[by] ?? 0) + 1
    item.refused(refusal)
  }

  protected rate(): number {
    return this.state.paces[0]?.rate ?? 1
  }

  /** Returns the reason why a call must not wait, or `undefined` if it may wait. */
  #objection(item: Waiter): Refusal | undefined {
    const { state } = this
    const now = this.host.now()
    const { by, millis } = ask(state, now, item.cost)
    const own = Number.isFinite(millis) ? millis : 0
    if (this.waiting >= this.most) {
      return { why: "queue", by, millis: Math.max(own, 1000 / this.rate()) }
    }
    const left = item.deadline - now
    if (left <= 0 || (by === "pause" && millis >= left)) return { why: "deadline", by, millis: own }
    // the position of a call that overtakes others is unknown without a search
    if (item.order < this.#last) return undefined
    let longest: Refusal | undefined
    for (const { limit, resource } of state.paces) {
      // a learned pace may grow a lot during the wait; only a known limit bounds it
      if (limit === undefined || resource === "output") continue
      const ahead = resource === "requests" ? this.queue.size : this.#queuedInput
      const wait = (ahead / limit) * 1000
      if (wait >= left && wait > (longest?.millis ?? 0)) longest = { why: "deadline", by: resource, millis: wait }
    }
    return longest
  }
}
