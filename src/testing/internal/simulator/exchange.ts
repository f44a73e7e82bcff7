/**
 * One attempt: a request that travels to a model of a server, and the response that travels back.
 *
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as RuntimeFlags from "effect/RuntimeFlags"
import { type ApiError, isApiError } from "../../../ApiError.js"
import * as Classify from "../../../Classify.js"
import * as Dialect from "../../../Dialect.js"
import { currentCall } from "../../../internal/call/context.js"
import { timedOut } from "../../../internal/deadline/timedOut.js"
import type { Pass } from "../../../internal/rateLimiter/pass.js"
import type { Attempt } from "../../../Reliability.js"
import { noHeaders } from "./serverHeaders.js"
import type { SimulatedCall } from "./load.js"
import type { Response } from "./model.js"
import type { Random } from "./random.js"
import type { TrafficRecorder } from "./recorder.js"
import type { Arrival, Model, Reply } from "./servers.js"
import type { VirtualTime, Wake } from "./virtualTime.js"

/** A call in progress, and the number of its attempts that brought a success. */
export class Progress {
  readonly call: SimulatedCall
  delivered = 0

  constructor(call: SimulatedCall) {
    this.call = call
  }
}

/** The network between the clients and a server. */
export interface Network {
  readonly time: VirtualTime
  readonly random: Random
  readonly recorder: TrafficRecorder
  readonly model: Model
  readonly dialect: Dialect.Dialect
  /** Milliseconds to the server and back. */
  readonly roundTrip: number
}

type Resume = (effect: Effect.Effect<Response, ApiError>) => void

/** The limits of an attempt that applies its own timeout. */
type Limits = Pick<Attempt, "millis" | "pass" | "phase" | "workload">

class Exchange implements Arrival {
  readonly input: number
  readonly output: number
  readonly #network: Network
  readonly #progress: Progress
  readonly #pass: Pass | undefined
  readonly #resume: Resume
  #isOver = false
  #isAdmitted = false
  #wake: Wake | undefined
  #timeout: Wake | undefined

  constructor(
    network: Network,
    progress: Progress,
    pass: Pass | undefined,
    limits: Limits | undefined,
    resume: Resume
  ) {
    this.input = progress.call.input
    this.output = progress.call.output
    this.#network = network
    this.#progress = progress
    this.#pass = pass
    this.#resume = resume
    const { recorder, time } = network
    recorder.send(time.now)
    time.after(this.#way(), () => this.#arrive())
    if (limits !== undefined) this.#timeout = time.after(limits.millis, () => this.#expire(limits))
  }

  head(reply: Reply): void {
    if (this.#isOver || reply.status !== 200) return
    this.#network.time.after(this.#way(), () => {
      if (this.#isOver) return
      this.#note(reply)
      this.#pass?.first()
    })
  }

  end(reply: Reply): void {
    if (this.#isOver) return
    // after the headers, whose way may have taken as long
    this.#wake = this.#network.time.after(this.#way() + 0.001, () => this.#finish(reply))
  }

  abandon(): void {
    if (this.#isOver) return
    this.#isOver = true
    const { recorder, time } = this.#network
    recorder.receive()
    if (this.#isAdmitted) recorder.waste(time.now, this.input + this.output)
    if (this.#wake !== undefined) time.cancel(this.#wake)
    if (this.#timeout !== undefined) time.cancel(this.#timeout)
  }

  #expire({ millis, phase, workload }: Limits): void {
    this.abandon()
    const limit = phase === "attempt" ? workload.timeouts.attempt : Duration.millis(Math.round(millis))
    this.#resume(Effect.fail(timedOut(phase, limit, { attempts: 0 })))
  }

  #arrive(): void {
    const { model, recorder, time } = this.#network
    recorder.arrive(time.now, model.perSecond, model.room)
    const verdict = model.handle(this)
    this.#isAdmitted = verdict === "admitted"
    recorder.decide(time.now, verdict)
    // the caller left while the request was on its way
    if (this.#isAdmitted && this.#isOver) recorder.waste(time.now, this.input + this.output)
  }

  #finish({ headers, status, stream }: Reply): void {
    this.#isOver = true
    const { dialect, recorder, time } = this.#network
    recorder.receive()
    if (this.#timeout !== undefined) time.cancel(this.#timeout)
    if (!stream) this.#note({ headers })
    if (status !== 200) {
      const now = time.clock.unsafeCurrentTimeMillis()
      return this.#resume(Effect.fail(Classify.answer({ status, headers, body: "", now, dialect })))
    }
    this.#progress.delivered++
    this.#pass?.use(this)
    // the attempt ends with the response, also if its headers were reported before
    if (stream) this.#pass?.end()
    this.#resume(Effect.succeed({ status, headers }))
  }

  #note({ headers }: Pick<Reply, "headers">): void {
    if (this.#pass === undefined || headers === noHeaders) return
    const { dialect, time } = this.#network
    this.#pass.note(Dialect.limits(dialect, headers, time.clock.unsafeCurrentTimeMillis()))
  }

  /** Returns the milliseconds of the way in one direction. */
  #way(): number {
    const { random, roundTrip } = this.#network
    return (roundTrip / 2) * (0.8 + 0.4 * random())
  }
}

/** Sends one request. An interruption abandons it. */
const exchanged = (
  network: Network,
  progress: Progress,
  pass: Pass | undefined,
  limits: Limits | undefined,
  flags: RuntimeFlags.RuntimeFlags
): Effect.Effect<Response, ApiError> => {
  let exchange: Exchange | undefined
  const response = Effect.async<Response, ApiError>((resume) => {
    exchange = new Exchange(network, progress, pass, limits, resume)
  })
  if (!RuntimeFlags.interruption(flags)) return response
  // the finalizer of `Effect.async` would double the cost of an attempt
  return Effect.uninterruptible(
    Effect.catchAllCause(Effect.interruptible(response), (cause) => {
      exchange?.abandon()
      return Effect.failCause(cause)
    })
  )
}

/** Makes the attempt of a call on a model of a server. Each run of the effect sends one request. */
export const attemptOn = (network: Network, progress: Progress): Effect.Effect<Response, ApiError> =>
  Effect.withFiberRuntime((fiber, { runtimeFlags }) =>
    exchanged(network, progress, fiber.getFiberRef(currentCall)?.pass, undefined, runtimeFlags)
  )

/** Makes the same attempt for `Reliability.leaf`: it applies its own timeout, as a request on a socket does. */
export const leafOn =
  (network: Network, progress: Progress) =>
  (limits: Attempt): Effect.Effect<Response, ApiError> =>
    Effect.withFiberRuntime((_, { runtimeFlags }) => exchanged(network, progress, limits.pass, limits, runtimeFlags))

/** Counts the runs of an attempt of the user, whose server is not a model. */
export const counted = <A, E, R>(
  { recorder, time }: Pick<Network, "recorder" | "time">,
  progress: Progress,
  attempt: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  const { input, output } = progress.call
  const sent = Effect.sync(() => {
    recorder.send(time.now)
    recorder.arrive(time.now, undefined, undefined)
  })
  return Effect.zipRight(
    sent,
    Effect.onExit(attempt, (exit) =>
      Effect.sync(() => {
        const { now } = time
        recorder.receive()
        if (exit._tag === "Success") {
          progress.delivered++
          return recorder.decide(now, "admitted")
        }
        const error = exit.cause._tag === "Fail" ? exit.cause.error : undefined
        if (error === undefined) {
          recorder.waste(now, input + output)
          return recorder.decide(now, "ignored")
        }
        recorder.decide(now, isApiError(error) && error._tag === "RateLimit" ? "refused" : "failed")
      })
    )
  )
}
