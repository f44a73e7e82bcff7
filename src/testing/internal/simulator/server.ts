/**
 * Servers of simulations: models, and effects of the user.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type { ApiError } from "../../../ApiError.js"
import type { Attempt } from "../../../Reliability.js"
import { attemptOn, counted, leafOn, type Progress } from "./exchange.js"
import { dialectOf } from "./serverHeaders.js"
import type { Call, Response } from "./model.js"
import type { CheckedServer } from "./simulationOptions.js"
import { type Random, seeded } from "./random.js"
import type { TrafficRecorder, Trouble } from "./recorder.js"
import type { Model } from "./servers.js"
import type { VirtualTime } from "./virtualTime.js"

/**
 * The symbol that marks servers of simulations.
 *
 * @since 0.2.0
 * @category symbols
 */
export const ServerTypeId: unique symbol = Symbol.for("effect-reliability/testing/SimulatedServer")

/** The simulation that clients and a server are part of. */
export interface Connection {
  readonly time: VirtualTime
  readonly recorder: TrafficRecorder
  readonly seed: number
  readonly roundTrip: number
}

/** The attempts of calls on a server. */
export interface Connected<A, E, R> {
  readonly attempt: (progress: Progress) => Effect.Effect<A, E, R>
  /** The same with their own timeout, for `Reliability.leaf`; absent for an effect of the user. */
  readonly leaf: ((progress: Progress) => (limits: Attempt) => Effect.Effect<A, E, R>) | undefined
}

/**
 * A server of a simulation. `A`, `E` and `R` are the types of one attempt.
 *
 * @since 0.2.0
 * @category model
 */
export interface Server<A = Response, E = ApiError, R = never> {
  readonly [ServerTypeId]: typeof ServerTypeId
  readonly kind: "bucket" | "tokens" | "slots" | "effect"
  /** @internal */
  readonly troubles: ReadonlyArray<Trouble>
  /** @internal */
  readonly changes: ReadonlyArray<number>
  /** @internal */
  readonly connect: (connection: Connection) => Connected<A, E, R>
  /** @internal */
  readonly ideal: ((time: VirtualTime, random: Random) => Model) | undefined
}

type MakeModel<O> = new (time: VirtualTime, random: Random, options: O) => Model

interface WithChanges extends CheckedServer {
  readonly changes: ReadonlyArray<{ readonly at: number }>
}

/** Makes a server of a model. */
export const modelServer = <O extends WithChanges>(kind: Server["kind"], options: O, Model: MakeModel<O>): Server => {
  const { brownOuts, changes, errors, headers, outages } = options
  const dialect = dialectOf(headers)
  return {
    [ServerTypeId]: ServerTypeId,
    kind,
    troubles: [...outages, ...brownOuts, ...errors].filter(({ to }) => to !== Infinity),
    changes: [0, ...changes.map(({ at }) => at)],
    connect: ({ recorder, roundTrip, seed, time }) => {
      const model = new Model(time, seeded(seed, 0, 1), options)
      const network = { time, random: seeded(seed, 0, 2), recorder, model, dialect, roundTrip }
      return { attempt: (progress) => attemptOn(network, progress), leaf: (progress) => leafOn(network, progress) }
    },
    ideal: (time, random) => new Model(time, random, { ...options, errors: [] })
  }
}

/** Makes a server of an effect. */
export const effectServer = <A, E, R>(attempt: (call: Call) => Effect.Effect<A, E, R>): Server<A, E, R> => ({
  [ServerTypeId]: ServerTypeId,
  kind: "effect",
  troubles: [],
  changes: [],
  connect: (connection) => ({
    attempt: (progress) => counted(connection, progress, attempt(progress.call)),
    leaf: undefined
  }),
  ideal: undefined
})
