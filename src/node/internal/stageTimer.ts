/**
 * Enforces two limits of an exchange with one timer: that of its current stage, and that of the whole exchange.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import { maxMillis } from "../../internal/options.js"
import { afterPoll, clearTimer, monotonic, setTimer, type Timer } from "../../internal/clock.js"

/** Calls `onEnd` when the current stage, or the whole exchange, exceeds its limit. */
export class StageTimer {
  readonly #clock: Clock.Clock
  readonly #onEnd: (of: "stage" | "whole") => void
  readonly #endsAt: number
  #stageEndsAt = Infinity
  #timer: Timer | undefined
  #timerAt = Infinity
  #stopped = false

  constructor(clock: Clock.Clock, whole: number, onEnd: (of: "stage" | "whole") => void) {
    this.#clock = clock
    this.#onEnd = onEnd
    this.#endsAt = this.now() + whole
  }

  now(): number {
    return monotonic(this.#clock)
  }

  /** Starts a stage with a limit in milliseconds. A timer that fires earlier is kept, and then checks the limits again. */
  enter(millis: number, now = this.now()): void {
    this.#stageEndsAt = now + millis
    this.#arm(now)
  }

  /** Restarts the current stage; `millis` must be the limit it was started with. */
  extend(millis: number): void {
    this.#stageEndsAt = this.now() + millis
  }

  stop(): void {
    this.#stopped = true
    clearTimer(this.#timer)
    this.#timer = undefined
  }

  #arm(now: number): void {
    const at = Math.min(this.#stageEndsAt, this.#endsAt)
    if (at >= this.#timerAt || this.#stopped) return
    clearTimer(this.#timer)
    this.#timerAt = at
    const millis = Math.min(Math.max(1, Math.ceil(at - now)), maxMillis)
    this.#timer = setTimer(this.#clock, millis, () => {
      const isOver = this.now() >= Math.min(this.#stageEndsAt, this.#endsAt)
      // bytes that arrived while the event loop was blocked are still in time
      const polling = isOver ? afterPoll(this.#clock, () => this.#check()) : undefined
      if (polling !== undefined) this.#timer = polling
      else if (!isOver) this.#check()
    })
  }

  #check(): void {
    if (this.#stopped) return
    this.#timer = undefined
    this.#timerAt = Infinity
    const now = this.now()
    if (now >= this.#endsAt) this.#onEnd("whole")
    else if (now >= this.#stageEndsAt) this.#onEnd("stage")
    else this.#arm(now)
  }
}
