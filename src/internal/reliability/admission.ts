/**
 * Admission of the attempts of a call by a circuit breaker and a rate limiter.
 *
 * @since 0.2.0
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type { ApiError } from "../../ApiError.js"
import type { About, AnyFiber } from "../call/model.js"
import { interruptionsOf } from "../call/timeLimit.js"
import { checkBreaker, type Use as KeyedBreaker } from "../circuitBreaker/breakerService.js"
import type { Refusal } from "../circuitBreaker/circuit.js"
import { Permit, type Recording } from "../circuitBreaker/permit.js"
import { keyOfAbout } from "../keys.js"
import type { Entry } from "../rateLimiter/engine.js"
import type { Cost } from "../rateLimiter/model.js"
import type { Pass } from "../rateLimiter/pass.js"
import type { RateLimiter, Refused } from "../rateLimiter/service.js"
import { type CheckedUse, checkUse } from "../rateLimiter/use.js"
import type { Options } from "./model.js"

/** Returns the limiter and the breaker of a policy as uses that were validated. */
export const checkedGates = (
  owner: string,
  { breaker, limiter }: Pick<Options, "breaker" | "limiter">
): Pick<Options, "breaker" | "limiter"> => ({
  ...(limiter !== undefined && { limiter: checkUse(owner, limiter) }),
  ...(breaker !== undefined && { breaker: checkBreaker(owner, breaker) })
})

/** The continuations of an admission. */
export interface Continuation<A, E, R> {
  /** The fiber of the call. */
  readonly fiber: AnyFiber
  /** Called before a wait begins. */
  readonly onWait: () => void
  /** Continues a call that the limiter refused. */
  readonly onRefusal: (refused: Refused) => Effect.Effect<A, E, R>
  /** Continues a call that the breaker refused, and that may or may not wait. */
  readonly onOpen: (refusal: Refusal, key: string, waits: boolean) => Effect.Effect<A, E, R>
  /**
   * Runs the admitted attempt. `now` is absent if the call had to wait. The function is called inside a mask; the effect that it
   * returns runs outside of the mask.
   */
  readonly onPass: (
    pass: Pass | undefined,
    now: number | undefined,
    flags: RuntimeFlags.RuntimeFlags,
    interruptions: unknown
  ) => Effect.Effect<Effect.Effect<A, E, R>, E, R>
}

type Next<A, E, R> = ReturnType<Continuation<A, E, R>["onPass"]>

/** The limiter and the breaker of one call, and their admission of its current attempt. It is the entry in the limiter's queue. */
export class Gates<A, E, R> implements Entry {
  readonly key: string
  readonly cost: Cost
  readonly slack: number
  left = Infinity
  order: number | undefined
  readonly #continuation: Continuation<A, E, R>
  readonly #limiter: RateLimiter | undefined
  readonly #breaker: KeyedBreaker | undefined
  /** The key of the circuit. */
  readonly #circuit: string
  /** The moment of the request; absent once it had to wait. */
  #askedAt: number | undefined
  #pass: Pass | undefined
  #permit: Permit | undefined
  /** The flags of the fiber before the mask, and the interruptions that it had received. */
  #flags = RuntimeFlags.none
  #interruptions: unknown

  /** Without a key in the policy, the key is host and model. */
  constructor(
    continuation: Continuation<A, E, R>,
    limiter: CheckedUse | undefined,
    breaker: KeyedBreaker | undefined,
    about: Pick<About, "host" | "model"> | undefined
  ) {
    this.#continuation = continuation
    this.key = limiter?.key ?? keyOfAbout(about)
    this.cost = limiter?.cost ?? free
    this.slack = limiter?.slack ?? 0
    this.#limiter = limiter?.limiter
    this.#breaker = breaker
    this.#circuit = breaker?.key ?? keyOfAbout(about)
  }

  /**
   * Requests admission, and waits for the limiter if necessary. Nothing can be interrupted between the admission and `onPass`, so
   * that no pass and no permit is lost.
   *
   * The breaker is asked twice: a call that it would refuse does not queue, and a circuit may open while a call is in the queue. Its
   * permit is issued last, when the attempt begins.
   */
  admit(now: number, left: number, flags: RuntimeFlags.RuntimeFlags): Effect.Effect<A, E, R> {
    this.#askedAt = now
    this.left = left
    this.#flags = flags
    this.#interruptions = interruptionsOf(this.#continuation.fiber)
    return Effect.flatten(Effect.uninterruptible(Effect.suspend(() => this.#queue())))
  }

  #queue(): Next<A, E, R> {
    const limiter = this.#limiter
    if (limiter === undefined) return this.#enter()
    const refusal = this.#breaker?.breaker.circuits.peek(this.#circuit)
    if (refusal !== undefined) return this.#refused(refusal)
    this.#pass = limiter.enter(this)
    if (this.#pass !== undefined) return this.#enter()
    this.#askedAt = undefined
    this.#continuation.onWait()
    return limiter.wait(this, RuntimeFlags.interruption(this.#flags) ? Effect.interruptible : identity, (end) => {
      if ("error" in end) return Effect.succeed(this.#continuation.onRefusal(end))
      this.#pass = end
      return this.#enter()
    })
  }

  #enter(): Next<A, E, R> {
    const entered = this.#breaker?.breaker.circuits.enter(this.#circuit)
    // first the case without a store, which costs less to find
    if (entered === undefined || entered instanceof Permit) return this.#run(entered)
    if (!Effect.isEffect(entered)) return this.#refused(entered)
    this.#askedAt = undefined
    return Effect.flatMap(entered, (decided) =>
      decided instanceof Permit ? this.#run(decided) : this.#refused(decided)
    )
  }

  #run(permit: Permit | undefined): Next<A, E, R> {
    this.#permit = permit
    this.order = this.#pass?.order
    return this.#continuation.onPass(this.#pass, this.#askedAt, this.#flags, this.#interruptions)
  }

  #refused(refusal: Refusal): Next<A, E, R> {
    this.#pass?.drop()
    this.#pass = undefined
    const waits = this.#breaker?.whenOpen !== "fail"
    return Effect.succeed(this.#continuation.onOpen(refusal, this.#circuit, waits))
  }

  /** Tests whether an error says that the server refused an attempt that the limiter had admitted. */
  isRefusal(error: ApiError): boolean {
    return this.#limiter?.isRefusal(error) === true
  }

  succeed(): Recording {
    this.#pass?.succeed()
    return this.#left()?.succeed()
  }

  fail(error: ApiError): Recording {
    this.#pass?.fail(error)
    return this.#left()?.fail(error)
  }

  /** Reports an interruption, or a failure with an error that is not an `ApiError`, which the limiter ignores. */
  passOn(cause: Cause.Cause<unknown>, now: number): Recording {
    this.#pass?.drop()
    return this.#left()?.passOn(cause, now)
  }

  drop(): void {
    this.#pass?.drop()
    this.#left()?.drop()
  }

  /** Removes the admission, which a call that waits must not hold, and returns the permit. */
  #left(): Permit | undefined {
    const permit = this.#permit
    this.#pass = this.#permit = undefined
    return permit
  }
}

const free: Cost = {}

/** Returns the gates of a call; absent without a limiter and a breaker. */
export const gatesOf = <A, E, R>(
  { about, breaker, limiter }: Pick<Options, "about" | "breaker" | "limiter">,
  continuation: Continuation<A, E, R>
): Gates<A, E, R> | undefined =>
  limiter === undefined && breaker === undefined
    ? undefined
    : // both were validated by `checkedGates`
      new Gates(continuation, limiter as CheckedUse | undefined, breaker as KeyedBreaker | undefined, about)
