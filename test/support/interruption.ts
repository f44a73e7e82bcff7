/**
 * Fixtures of the tests in interruption/.
 *
 * Interruption at every point of a call, deadlines that behave like Effect's own timeouts, clocks that jump, observers
 * that misbehave, and nested deadlines.
 */
import { Cause, Chunk, Duration, Effect, Exit, Fiber } from "effect"
import { ApiError, Retry, Workload } from "effect-reliability"
import { setImmediate } from "node:timers/promises"
import { vi } from "vitest"
import * as ManualClock from "./manualClock.js"

/** A virtual clock that tests advance. */
export interface Time {
  readonly provide: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Monotonic milliseconds since the start. */
  readonly now: () => number
  /** Advances the clock, and fires the timers that are due before it returns. */
  readonly advance: (millis: number) => void
  /** Advances the clock to the next timer. */
  readonly next: () => void
  /** Returns the number of pending timers. */
  readonly timers: () => number
  /** Moves the wall clock forward or back. */
  readonly jump: (millis: number) => void
}

export const manual = (): Time => {
  const clock = ManualClock.make()
  const start = clock.now()
  return {
    provide: Effect.withClock(clock),
    now: () => clock.now() - start,
    advance: clock.advance,
    next: () => clock.advance(clock.pending()[0] ?? 0),
    timers: () => clock.pending().length,
    jump: clock.jump
  }
}

/** Uses the default clock over fake timers of the host. */
export const host = (): Time => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] })
  const start = performance.now()
  return {
    provide: (effect) => effect,
    now: () => performance.now() - start,
    advance: (millis) => void vi.advanceTimersByTime(millis),
    next: () => void vi.advanceTimersToNextTimer(),
    timers: () => vi.getTimerCount(),
    jump: (millis) => void vi.setSystemTime(Date.now() + millis)
  }
}

export const clocks = [
  ["the default clock", host],
  ["a clock of the user's", manual]
] as const

/** Runs all fibers until each of them waits. */
export const quiet = () => setImmediate()

/** Returns the root fibers. */
export const roots = (): ReadonlySet<unknown> => new Set(Fiber.unsafeRoots())

export const started = (before: ReadonlySet<unknown>): number =>
  [...roots()].filter((fiber) => !before.has(fiber)).length

/** Advances the clock until a fiber has ended. */
export const finish = async <A, E>(time: Time, fiber: Fiber.RuntimeFiber<A, E>): Promise<Exit.Exit<A, E>> => {
  for (let wakes = 0; wakes < 1000; wakes++) {
    await quiet()
    const exit = fiber.unsafePoll()
    if (exit !== null) return exit
    if (time.timers() === 0) throw new Error("the fiber waits without a timer")
    time.next()
  }
  throw new Error("the fiber did not end after 1000 timers")
}

/** Advances the clock in steps of at most 50 milliseconds. */
export const pass = async (time: Time, millis: number) => {
  const end = time.now() + millis
  for (;;) {
    await quiet()
    const left = end - time.now()
    if (left <= 0) return
    time.advance(Math.min(left, 50))
  }
}

/** Reduces an exit to its value, failures, defects and interruption. */
export const shape = (exit: Exit.Exit<unknown, unknown>) =>
  Exit.match(exit, {
    onSuccess: (value) => ({ value }),
    onFailure: (cause) => ({
      failures: Chunk.toReadonlyArray(Cause.failures(cause)),
      defects: Chunk.toReadonlyArray(Cause.defects(cause)),
      interrupted: Cause.isInterrupted(cause)
    })
  })

export const failed = (error: unknown) => ({ failures: [error], defects: [], interrupted: false })

export const transient = (props: Partial<ConstructorParameters<typeof ApiError.Transient>[0]> = {}) =>
  new ApiError.Transient({ reason: "Unavailable", delivery: "Acknowledged", status: 503, ...props })

export const fatal = new ApiError.Fatal({ reason: "Unauthorized", delivery: "Acknowledged", status: 401 })

export const retry = (attempts: number, base: Duration.DurationInput = "1 second") =>
  Retry.make({ attempts, base, cap: Duration.infinity, jitter: "none" })

export const workload = (options: Partial<Workload.Options> & Pick<Workload.Options, "timeouts">) =>
  Workload.make({ name: "test", retry: retry(3), ...options })

/** Records an event with its time. */
export type Note = (event: unknown) => Effect.Effect<void>

/** An effect that outlasts all deadlines of these tests. */
export const nothing = Effect.as(Effect.sleep("1 hour"), "value")
