/**
 * The limits of an exchange on one timer: that of its present stage, and that of the whole.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import { maxMillis } from "../../internal/options.js"
import { afterPoll, clearTimer, monotonic, setTimer, type Timer } from "../../internal/clock.js"

/** Calls back when the present stage, or the whole, has taken as long as it may. */
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

  /** Begins a stage that may take so long. A timer that fires before is left alone, and looks again. */
  enter(millis: number, now = this.now()): void {
    this.#stageEndsAt = now + millis
    this.#arm(now)
  }

  /** Lets the present stage, which is as long as before, begin anew. */
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
      // what arrived while the event loop was blocked is in time
      const polling = isOver ? afterPoll(this.#clock, () => this.#look()) : undefined
      if (polling !== undefined) this.#timer = polling
      else if (!isOver) this.#look()
    })
  }

  #look(): void {
    if (this.#stopped) return
    this.#timer = undefined
    this.#timerAt = Infinity
    const now = this.now()
    if (now >= this.#endsAt) this.#onEnd("whole")
    else if (now >= this.#stageEndsAt) this.#onEnd("stage")
    else this.#arm(now)
  }
}
