/**
 * Runs the real code of a policy against a server, in virtual time.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRefs from "effect/FiberRefs"
import * as Random from "effect/Random"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type * as Scope from "effect/Scope"
import { isApiError } from "../../../ApiError.js"
import * as Deadline from "../../../Deadline.js"
import { detached } from "../../../internal/call/context.js"
import { type CheckedLoad, generate, type LoadSetup, type SimulatedCall, type Start } from "./load.js"
import type { Call } from "./model.js"
import { Progress } from "./exchange.js"
import type { TrafficRecorder } from "./recorder.js"
import type { VirtualTime } from "./virtualTime.js"

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/** Makes the effect of a call. */
export type Perform<R> = (call: Call, progress: Progress) => Effect.Effect<unknown, unknown, R>

export interface Execution<R, E, RX> extends LoadSetup {
  readonly time: VirtualTime
  readonly recorder: TrafficRecorder
  readonly duration: number
  /** Makes the client of a process. */
  readonly client: (process: number) => Effect.Effect<Perform<R>, E, RX>
  readonly onProgress: ((share: number) => void) | undefined
}

/** Returns the name under which the report counts a failure. */
export const reasonOf = (error: unknown): string => {
  if (isApiError(error)) {
    return error.stopped === undefined ? error.reason : `${error.reason} (${error.stopped})`
  }
  const tag: unknown = typeof error === "object" && error !== null && "_tag" in error ? error._tag : undefined
  if (typeof tag === "string") return tag
  return error instanceof Error ? error.name : String(error)
}

/** Runs an effect in virtual time, until its end. Its fibers use the clock, the random numbers and the scheduler of that time. */
export const within = <A, E, R>(
  time: VirtualTime,
  seed: number,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.flatMap(Effect.runtime<R>(), (runtime) => {
    // the metrics of the application do not count simulated fibers
    const flags = RuntimeFlags.disable(Runtime.defaultRuntimeFlags, RuntimeFlags.RuntimeMetrics)
    const virtual = Runtime.make({ context: runtime.context, fiberRefs: runtime.fiberRefs, runtimeFlags: flags })
    let fiber: Fiber.RuntimeFiber<A, E> | undefined
    const begin = () => {
      const seeded = effect.pipe(detached, Effect.withClock(time.clock), Effect.withRandom(Random.make(seed)))
      fiber = Runtime.runFork(virtual)(seeded, { scheduler: time, immediate: false })
    }
    const isOver = () => fiber !== undefined && fiber.unsafePoll() !== null
    return time.run(begin, isOver).pipe(
      Effect.flatMap(() => fiber?.unsafePoll() ?? Effect.never),
      // the finalizers run in virtual time too
      Effect.onInterrupt(() => Effect.sync(() => time.finish(() => fiber?.unsafeInterruptAsFork(FiberId.none), isOver)))
    )
  })

type Settle = (progress: Progress, exit: Exit.Exit<unknown, unknown>) => void

/** The calls of one caller. All of them share their handlers, so that a call that waits holds little memory. */
class Caller<R> {
  readonly #settle: Settle
  readonly #handlers = {
    onSuccess: () => this.#end(Exit.void),
    onFailure: (cause: Cause.Cause<unknown>) => this.#end(Exit.failCause(cause))
  }
  #progress: Progress | undefined
  #done: ((succeeded: boolean) => void) | undefined

  constructor(settle: Settle) {
    this.#settle = settle
  }

  /** Returns a call that reports its end. It begins after the end of the previous one. */
  call(
    effect: Effect.Effect<unknown, unknown, R>,
    progress: Progress,
    done: (succeeded: boolean) => void
  ): Effect.Effect<void, never, R> {
    this.#progress = progress
    this.#done = done
    return Effect.matchCauseEffect(effect, this.#handlers)
  }

  #end(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    if (this.#progress !== undefined) this.#settle(this.#progress, exit)
    this.#done?.(Exit.isSuccess(exit))
    return Effect.void
  }
}

/** A fiber that runs one call after another. */
class Worker<R> extends Caller<R> {
  readonly run: Effect.Effect<void, never, R>
  #next: Effect.Effect<void, never, R> | undefined
  #resume: ((next: Effect.Effect<void, never, R>) => void) | undefined

  constructor(settle: Settle) {
    super(settle)
    const wait = Effect.async<void, never, R>((resume) => {
      this.#resume = resume
    })
    this.run = Effect.whileLoop({
      while: () => true,
      body: () => {
        const next = this.#next ?? wait
        this.#next = undefined
        return next
      },
      step: () => {}
    })
  }

  /** Runs a call. The previous one has ended. */
  begin(next: Effect.Effect<void, never, R>): void {
    const resume = this.#resume
    this.#resume = undefined
    if (resume === undefined) this.#next = next
    else resume(next)
  }
}

/** Runs all calls of a load. */
export const execute = <R, E, RX>(
  execution: Execution<R, E, RX>
): Effect.Effect<void, E, R | Exclude<RX, Scope.Scope>> => {
  const { client, duration, onProgress, processes, recorder, time } = execution
  const live = new Set<AnyFiber>()

  const starting = (
    clients: ReadonlyArray<Perform<R>>,
    runtime: Runtime.Runtime<R>,
    fail: (cause: Cause.Cause<never>) => void
  ): Start => {
    const workers: Array<Worker<R>> = []
    const fork = (effect: Effect.Effect<unknown, never, R>): void => {
      const fiber = Runtime.runFork(runtime)(effect)
      if (fiber.unsafePoll() !== null) return
      live.add(fiber)
      fiber.addObserver(() => live.delete(fiber))
    }
    const settled: Settle = (progress, exit) => settle(recorder, time.now, progress, exit, fail)
    return (call, load, done) => {
      const progress = new Progress(call)
      recorder.start(time.now, call)
      const perform = clients[call.process]
      if (perform === undefined) return
      const effect = limitedBy(load, perform(call, progress))
      if (call.worker < 0) return fork(new Caller<R>(settled).call(effect, progress, done))
      // a worker is one fiber, as in a program
      const known = workers[call.worker]
      const worker = known ?? (workers[call.worker] = new Worker(settled))
      worker.begin(worker.call(effect, progress, done))
      if (known === undefined) fork(worker.run)
    }
  }

  /** Begins the load, and ends with the duration of the simulation or with the first defect. */
  const run = (clients: ReadonlyArray<Perform<R>>, runtime: Runtime.Runtime<R>): Effect.Effect<void> =>
    Effect.async<void>((resume) => {
      const stop = generate(
        time,
        execution,
        starting(clients, runtime, (cause) => resume(Effect.failCause(cause)))
      )
      if (onProgress !== undefined) report(time, duration, onProgress)
      const end = time.at(duration, () => {
        onProgress?.(1)
        resume(Effect.void)
      })
      return Effect.sync(() => {
        stop()
        time.cancel(end)
      })
    }).pipe(
      Effect.ensuring(
        Effect.suspend(() => {
          recorder.close()
          const fibers = [...live]
          for (const fiber of fibers) fiber.unsafeInterruptAsFork(FiberId.none)
          return Effect.forEach(fibers, (fiber) => fiber.await, { discard: true })
        })
      )
    )

  return Effect.scoped(
    Effect.flatMap(
      Effect.forEach(
        Array.from({ length: processes }, (_, process) => process),
        client
      ),
      (clients) => Effect.flatMap(Effect.runtime<R>(), (runtime) => run(clients, withoutHistory(runtime)))
    )
  ) as Effect.Effect<void, E, R | Exclude<RX, Scope.Scope>>
}

/**
 * Returns a runtime whose references hold their values alone. Each fiber would copy, several times, the values that they had in
 * earlier fibers.
 */
const withoutHistory = <R>({ context, fiberRefs, runtimeFlags }: Runtime.Runtime<R>): Runtime.Runtime<R> => {
  const locals: typeof fiberRefs.locals = new Map(fiberRefs.locals)
  locals.forEach(([current], ref) => locals.set(ref, [current]))
  return Runtime.make({ context, runtimeFlags, fiberRefs: FiberRefs.unsafeMake(locals) })
}

const limitedBy = <R>(
  load: CheckedLoad,
  effect: Effect.Effect<unknown, unknown, R>
): Effect.Effect<unknown, unknown, R> => (load.deadline === Infinity ? effect : Deadline.within(effect, load.deadline))

const settle = (
  recorder: TrafficRecorder,
  now: number,
  { call, delivered }: Progress,
  exit: Exit.Exit<unknown, unknown>,
  fail: (cause: Cause.Cause<never>) => void
): void => {
  const tokens = tokensOf(call)
  if (exit._tag === "Success") {
    if (delivered > 1) recorder.waste(now, (delivered - 1) * tokens)
    return recorder.succeed(now, call)
  }
  if (delivered > 0) recorder.waste(now, delivered * tokens)
  const failure = Cause.failureOrCause(exit.cause)
  // a defect is a fault of the test, and no result
  if (failure._tag === "Right" && !Cause.isInterruptedOnly(failure.right)) fail(failure.right)
  recorder.fail(now, call, failure._tag === "Left" ? reasonOf(failure.left) : "Interrupted")
}

const tokensOf = ({ input, output }: SimulatedCall): number => input + output

/** Reports the progress after each percent but the last one. */
const report = (time: VirtualTime, duration: number, onProgress: (share: number) => void): void => {
  const next = (percent: number): void => {
    time.at((duration * percent) / 100, () => {
      onProgress(percent / 100)
      if (percent < 99) next(percent + 1)
    })
  }
  next(1)
}
