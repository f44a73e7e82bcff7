/**
 * The state of `RateLimit` and `Capacity`, kept per limit object, and the admission of requests.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { answer, type Answer, type Capacity, type Fault, type RateLimit, type Reply, type Request } from "../Fault.js"
import { maxMillis } from "../../internal/options.js"
import { orFailed } from "./scripted.js"
import { type Step, stepsOf } from "./steps.js"

interface Bucket {
  tokens: number
  at: number
}

interface Room {
  readonly semaphore: Effect.Semaphore
  inside: number
}

const rejectionOf = (limit: RateLimit, tokens: number): Answer => {
  const millis = Math.ceil(((1 - tokens) / limit.perSecond) * 1000)
  return limit.hint === "none" || millis > maxMillis
    ? answer(429)
    : answer(429, { retryAfter: Duration.millis(millis), form: limit.hint })
}

/** The admission of a request: its reply, whether a limit rejected it, and the `Capacity` limits that it waits for first. */
export interface Admission {
  readonly reply: Reply
  readonly rejected: boolean
  readonly rooms: ReadonlyArray<<A>(work: Effect.Effect<A>) => Effect.Effect<A>>
}

/** Makes the state of all limits; each bucket starts full. `now` is monotonic, in milliseconds. */
export const makeGates = (): ((fault: Fault, now: number) => Admission) => {
  const buckets = new WeakMap<RateLimit, Bucket>()
  const roomsOf = new WeakMap<Capacity, Room>()

  const take = (limit: RateLimit, now: number): Answer | undefined => {
    const bucket = buckets.get(limit) ?? { tokens: limit.burst, at: now }
    buckets.set(limit, bucket)
    bucket.tokens = Math.min(limit.burst, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * limit.perSecond)
    bucket.at = now
    // 1e-9 allows for rounding: in floating point, ten times 0.1 is slightly less than 1
    if (bucket.tokens < 1 - 1e-9) return rejectionOf(limit, bucket.tokens)
    bucket.tokens = Math.max(0, bucket.tokens - 1)
    return undefined
  }

  const roomOf = (limit: Capacity): Room => {
    const room = roomsOf.get(limit) ?? { semaphore: Effect.unsafeMakeSemaphore(limit.concurrent), inside: 0 }
    roomsOf.set(limit, room)
    return room
  }

  return (fault, now) => {
    const entered: Array<Room> = []
    const rooms = () =>
      entered.map(
        (room) =>
          <A>(work: Effect.Effect<A>) =>
            Effect.ensuring(
              room.semaphore.withPermits(1)(work),
              Effect.sync(() => void room.inside--)
            )
      )
    let current = fault
    for (;;) {
      if (current._tag === "RateLimit") {
        const rejection = take(current, now)
        if (rejection !== undefined) return { reply: rejection, rejected: true, rooms: rooms() }
        current = current.admitted
      } else if (current._tag === "Capacity") {
        const room = roomOf(current)
        if (room.inside >= current.concurrent + current.queue) {
          return { reply: current.rejection, rejected: true, rooms: rooms() }
        }
        room.inside++
        entered.push(room)
        current = current.admitted
      } else return { reply: current, rejected: false, rooms: rooms() }
    }
  }
}

/** The fields of a request's record that its admission sets. */
interface Record {
  fault: Fault
  rejected: boolean
}

/**
 * Makes a function that returns the steps a script gives a request, and the `Capacity` limits that the request waits for first.
 * If the script throws, the steps are those of a 500.
 */
export const makeAdmissions = (): ((
  faultFor: (request: Request) => Fault,
  request: Request,
  entry: Record,
  now: number
) => { readonly steps: ReadonlyArray<Step>; readonly rooms: Admission["rooms"] }) => {
  const admit = makeGates()
  return (faultFor, request, entry, now) => {
    const failing = <A>(run: () => A, otherwise: (failure: Answer) => A) =>
      orFailed(run, (failure) => {
        entry.fault = failure
        return otherwise(failure)
      })
    const { rejected, reply, rooms } = failing<Admission>(
      () => admit((entry.fault = faultFor(request)), now),
      (failure) => ({ reply: failure, rejected: false, rooms: [] })
    )
    entry.rejected = rejected
    // making the steps can throw too, for example on a body that is nested too deeply
    const steps = failing(
      () => stepsOf(reply, request),
      (failure) => stepsOf(failure, request)
    )
    return { steps, rooms }
  }
}
