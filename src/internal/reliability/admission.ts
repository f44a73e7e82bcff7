/**
 * Admission of one attempt of a call by a circuit breaker and a rate limiter.
 *
 * @since 0.2.0
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type { ApiError } from "../../ApiError.js"
import type { AnyFiber } from "../call/model.js"
import { interruptionsOf } from "../call/timeLimit.js"
import { checkBreaker, type CircuitBreaker, type Use as KeyedBreaker } from "../circuitBreaker/breakerService.js"
import type { Refusal } from "../circuitBreaker/circuit.js"
import { Permit, type Recording } from "../circuitBreaker/permit.js"
import { keyOfAbout } from "../keys.js"
import type { Entry } from "../rateLimiter/engine.js"
import type { Pass } from "../rateLimiter/pass.js"
import type { RateLimiter, Refused } from "../rateLimiter/service.js"
import { type CheckedUse, checkUse, entryOf } from "../rateLimiter/use.js"
import type { Options } from "./model.js"

/** The limiter and the breaker that admit an attempt; one of them may be absent. */
export interface Gates {
  readonly limiter: RateLimiter | undefined
  readonly entry: Entry | undefined
  readonly breaker: CircuitBreaker | undefined
  /** The key of the circuit. */
  readonly key: string
  /** True if calls do not wait for the breaker. */
  readonly failsOpen: boolean
}

/** Returns the limiter and the breaker of a policy as uses that were validated. */
export const checkedGates = (
  owner: string,
  { breaker, limiter }: Pick<Options, "breaker" | "limiter">
): Pick<Options, "breaker" | "limiter"> => ({
  ...(limiter !== undefined && { limiter: checkUse(owner, limiter) }),
  ...(breaker !== undefined && { breaker: checkBreaker(owner, breaker) })
})

/** Returns the gates of an attempt. Without a key in the policy, the key is host and model. */
export const gatesOf = (
  { about, breaker, limiter }: Pick<Options, "about" | "breaker" | "limiter">,
  left: number,
  order: number | undefined
): Gates => {
  // both were validated by `checkedGates`
  const [circuits, queue] = [breaker as KeyedBreaker | undefined, limiter as CheckedUse | undefined]
  return {
    limiter: queue?.limiter,
    entry: queue && entryOf(queue, about, left, order),
    breaker: circuits?.breaker,
    key: circuits?.key ?? keyOfAbout(about),
    failsOpen: circuits?.whenOpen === "fail"
  }
}

/** An admitted attempt, until its outcome is reported. */
export class Admitted {
  readonly pass: Pass | undefined
  readonly permit: Permit | undefined

  constructor(pass: Pass | undefined, permit: Permit | undefined) {
    this.pass = pass
    this.permit = permit
  }

  succeed(): Recording {
    this.pass?.succeed()
    return this.permit?.succeed()
  }

  fail(error: ApiError): Recording {
    this.pass?.fail(error)
    return this.permit?.fail(error)
  }

  /** Reports an interruption, or a failure with an error that is not an `ApiError`, which the limiter ignores. */
  passOn(cause: Cause.Cause<unknown>, now: number): Recording {
    this.pass?.drop()
    return this.permit?.passOn(cause, now)
  }

  drop(): void {
    this.pass?.drop()
    this.permit?.drop()
  }
}

/** The continuations of an admission. */
export interface Continuation<A, E, R> {
  /** Called before a wait begins. */
  readonly onWait: () => void
  /** Continues a call that the limiter refused. */
  readonly onRefusal: (refused: Refused) => Effect.Effect<A, E, R>
  /** Continues a call that the breaker refused, and that may or may not wait. */
  readonly onOpen: (refusal: Refusal, key: string, waits: boolean) => Effect.Effect<A, E, R>
  /** Runs the admitted attempt. It is called inside a mask; the effect that it returns runs outside of the mask. */
  readonly onPass: (
    admitted: Admitted,
    fiber: AnyFiber,
    flags: RuntimeFlags.RuntimeFlags,
    interruptions: unknown
  ) => Effect.Effect<Effect.Effect<A, E, R>, E, R>
}

/**
 * Requests admission, and waits for the limiter if necessary. Nothing can be interrupted between the admission and `onPass`, so that
 * no pass and no permit is lost.
 *
 * The breaker is asked twice: a call that it would refuse does not queue, and a circuit may open while a call is in the queue. Its
 * permit is issued last, when the attempt begins.
 */
export const admission = <A, E, R>(
  { breaker, entry, failsOpen, key, limiter }: Gates,
  fiber: AnyFiber,
  flags: RuntimeFlags.RuntimeFlags,
  continuation: Continuation<A, E, R>
): Effect.Effect<A, E, R> => {
  const interruptions = interruptionsOf(fiber)
  type Next = Effect.Effect<Effect.Effect<A, E, R>, E, R>

  const enter = (pass: Pass | undefined): Next => {
    if (breaker === undefined) return continuation.onPass(new Admitted(pass, undefined), fiber, flags, interruptions)
    const decided = (admission: Permit | Refusal): Next => {
      if (admission instanceof Permit) {
        return continuation.onPass(new Admitted(pass, admission), fiber, flags, interruptions)
      }
      pass?.drop()
      return Effect.succeed(continuation.onOpen(admission, key, !failsOpen))
    }
    const entered = breaker.circuits.enter(key)
    return Effect.isEffect(entered) ? Effect.flatMap(entered, decided) : decided(entered)
  }

  const admitted = Effect.suspend((): Next => {
    if (limiter === undefined || entry === undefined) return enter(undefined)
    const refusal = breaker?.circuits.peek(key)
    if (refusal !== undefined) return Effect.succeed(continuation.onOpen(refusal, key, !failsOpen))
    const pass = limiter.enter(entry)
    if (pass !== undefined) return enter(pass)
    continuation.onWait()
    const waiting = limiter.wait(entry)
    return Effect.matchEffect(RuntimeFlags.interruption(flags) ? Effect.interruptible(waiting) : waiting, {
      onFailure: (refused) => Effect.succeed(continuation.onRefusal(refused)),
      onSuccess: enter
    })
  })
  return Effect.flatten(Effect.uninterruptible(admitted))
}
