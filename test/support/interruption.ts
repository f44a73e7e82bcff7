/**
 * Fixtures of the tests in interruption/.
 *
 * Who may end a call, when, and what is left then: interruption at every point of it, limits that must be no different
 * from Effect's own, clocks that jump, observers that misbehave, and limits within limits.
 */
import { Cause, Chunk, Duration, Effect, Exit, Fiber } from "effect"
import { ApiError, Retry, Workload } from "effect-reliability"
import { setImmediate } from "node:timers/promises"
import { vi } from "vitest"
import * as ManualClock from "./manualClock.js"

/** Time that passes when it is told to, in no time. */
export interface Time {
  readonly provide: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Monotonic milliseconds since the start. */
  readonly now: () => number
  /** Fires what is due before it returns. */
  readonly advance: (millis: number) => void
  /** Goes to the next timer that is set. */
  readonly next: () => void
  /** The number of timers that are set. */
  readonly timers: () => number
  /** Sets the wall clock forward or back. */
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

/** The default clock, above a host whose timers are moved by hand. */
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

/** Lets all fibers run until each of them waits for something. */
export const quiet = () => setImmediate()

/** The fibers that belong to nobody, and so end with nobody. */
export const roots = (): ReadonlySet<unknown> => new Set(Fiber.unsafeRoots())

export const started = (before: ReadonlySet<unknown>): number =>
  [...roots()].filter((fiber) => !before.has(fiber)).length

/** Lets time pass until a fiber has ended. */
export const finish = async <A, E>(time: Time, fiber: Fiber.RuntimeFiber<A, E>): Promise<Exit.Exit<A, E>> => {
  for (let wakes = 0; wakes < 1000; wakes++) {
    await quiet()
    const exit = fiber.unsafePoll()
    if (exit !== null) return exit
    if (time.timers() === 0) throw new Error("waits for ever")
    time.next()
  }
  throw new Error("goes on for ever")
}

/** Lets time pass, stopping at each wake-up on the way. */
export const pass = async (time: Time, millis: number) => {
  const end = time.now() + millis
  for (;;) {
    await quiet()
    const left = end - time.now()
    if (left <= 0) return
    time.advance(Math.min(left, 50))
  }
}

/** An exit, reduced to what its reader can tell. */
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

/** What a program may note, with the moment at which it happened. */
export type Note = (event: unknown) => Effect.Effect<void>

/** What no limit of these tests waits for. */
export const nothing = Effect.as(Effect.sleep("1 hour"), "value")
