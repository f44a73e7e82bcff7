/**
 * Virtual time: a `Clock`, and a `Scheduler` that runs the fibers of that clock in a fixed order.
 *
 * Time advances only when no fiber can run, straight to the next timer. Timers of the same moment fire in the order in which they
 * were set.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { Heap, HeapNode } from "../../../internal/heap.js"
import { clearTimer, nextTurn, type Timer, type Timers, timersKey } from "../../../internal/clock.js"

/** A timer: its key is the moment at which its value is called. */
export type Wake = HeapNode<() => void>

/** The wall time at the start, in milliseconds. */
const start = Date.UTC(2026, 0, 1)

/** The operations after which a fiber lets others run. */
const operationsPerTask = 2048

/** The tasks that run before the event loop has its turn. */
const tasksPerTurn = 20_000

/** The tasks of one moment above which the fibers are taken to run for ever. */
const tasksPerMoment = 1_000_000

const advice = "Set the option `promises` if effects use promises. Their timers must be those of the `Clock` service"

export interface VirtualTimeOptions {
  /**
   * True if fibers may wait for promises. Before each advance of time, the event loop then has its turns until no promise resumes a
   * fiber. Otherwise such a fiber is an error, since it would run at an arbitrary moment.
   */
  readonly promises: boolean
}

export class VirtualTime implements Scheduler.Scheduler {
  /** Monotonic milliseconds since the start. */
  now = 0
  readonly clock: Clock.Clock
  readonly #promises: boolean
  readonly #timers = new Heap<() => void>()
  #tasks: Array<() => void> = []
  #number = 0
  #isRunning = false
  #failure: Error | undefined
  /** The tasks that ran at the current moment. */
  #atMoment = 0

  constructor({ promises }: VirtualTimeOptions) {
    this.#promises = promises
    this.clock = this.#makeClock()
  }

  /** Sets a timer. */
  after(millis: number, fire: () => void): Wake {
    return this.at(this.now + millis, fire)
  }

  /** Sets a timer for a moment; a moment of the past is now. */
  at(time: number, fire: () => void): Wake {
    const wake = new HeapNode(Math.max(time, this.now), this.#number++, fire)
    if (time !== Infinity) this.#timers.add(wake)
    return wake
  }

  /** Cancels a timer; does nothing if it has fired. */
  cancel(wake: Wake): void {
    this.#timers.remove(wake)
  }

  /** Decides as the default scheduler does, which looks up a reference at each operation. */
  shouldYield(fiber: Fiber.RuntimeFiber<unknown, unknown>): number | false {
    return fiber.currentOpCount > operationsPerTask ? Scheduler.defaultShouldYield(fiber) : false
  }

  scheduleTask(task: () => void): void {
    if (!this.#isRunning && !this.#promises) {
      this.#failure ??= new Error(`A promise or a timer of the host resumed a fiber of the simulation. ${advice}`)
    }
    this.#tasks.push(task)
  }

  /** Runs `begin`, and then all fibers and timers until `isOver` returns true. Dies if nothing is left to wait for. */
  run(begin: () => void, isOver: () => boolean): Effect.Effect<void> {
    return Effect.async<void>((resume) => {
      let turn: Timer | undefined
      const next = (work: () => boolean) => {
        let done = false
        try {
          done = this.#within(work)
        } catch (defect) {
          return resume(Effect.die(defect))
        }
        if (done) resume(Effect.void)
        else turn = nextTurn(() => next(() => this.#advance(isOver)))
      }
      next(() => {
        begin()
        return this.#advance(isOver)
      })
      return Effect.sync(() => clearTimer(turn))
    })
  }

  /** Runs fibers and timers at once until `isOver` returns true or nothing is left. The event loop has no turn. */
  finish(begin: () => void, isOver: () => boolean): void {
    this.#within(() => {
      begin()
      for (;;) {
        this.#flush(Infinity)
        if (isOver() || !this.#fireNext()) return true
      }
    })
  }

  /** Runs fibers and timers at once up to a moment. */
  advanceTo(moment: number): void {
    this.finish(
      () => {},
      () => (this.#timers.first?.key ?? Infinity) > moment
    )
    this.now = Math.max(this.now, moment)
  }

  #within(work: () => boolean): boolean {
    this.#isRunning = true
    try {
      return work()
    } finally {
      this.#isRunning = false
    }
  }

  /** Returns true at the end, and false if the event loop should have a turn. */
  #advance(isOver: () => boolean): boolean {
    let left = tasksPerTurn
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const ran = this.#flush(left)
      if (isOver()) return true
      left -= ran + 1
      if (left <= 0 || (this.#promises && ran > 0)) return false
      if (!this.#fireNext()) throw new Error(`Every fiber of the simulation waits, and no timer is set. ${advice}`)
    }
  }

  /** Runs the fibers that can run, and those that can run after them. Returns the number of tasks. */
  #flush(most: number): number {
    let ran = 0
    while (this.#tasks.length > 0) {
      const tasks = this.#tasks
      this.#tasks = []
      for (const task of tasks) task()
      ran += tasks.length
      if (ran > most && most < tasksPerMoment) break
      if (this.#atMoment + ran > tasksPerMoment) {
        throw new Error(
          `Fibers ran ${tasksPerMoment} times at the moment ${this.now} ms of the simulation, without any wait`
        )
      }
    }
    this.#atMoment += ran
    return ran
  }

  /** Advances the time to the next timer, if there is one. */
  #fireNext(): boolean {
    const wake = this.#timers.first
    if (this.#tasks.length > 0) return true
    if (wake === undefined) return false
    this.#timers.remove(wake)
    if (wake.key > this.now) this.#atMoment = 0
    this.now = wake.key
    wake.value()
    return true
  }

  #makeClock(): Clock.Clock & { readonly [timersKey]: Timers } {
    const unsafeCurrentTimeMillis = () => start + Math.floor(this.now)
    const unsafeCurrentTimeNanos = () => BigInt(start) * 1_000_000n + BigInt(Math.round(this.now * 1e6))
    return {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      [timersKey]: {
        now: () => this.now,
        set: (millis, fire) => {
          const wake = this.after(millis, fire)
          return () => this.cancel(wake)
        }
      },
      unsafeCurrentTimeMillis,
      currentTimeMillis: Effect.sync(unsafeCurrentTimeMillis),
      unsafeCurrentTimeNanos,
      currentTimeNanos: Effect.sync(unsafeCurrentTimeNanos),
      sleep: (duration) =>
        Effect.async<void>((resume) => {
          const wake = this.after(Duration.toMillis(duration), () => resume(Effect.void))
          return Effect.sync(() => this.cancel(wake))
        })
    }
  }
}
