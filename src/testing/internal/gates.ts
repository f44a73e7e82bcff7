/**
 * The state of limits: who gets in, by the identity of the limit.
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

const turnedAway = (limit: RateLimit, tokens: number): Answer => {
  const millis = Math.ceil(((1 - tokens) / limit.perSecond) * 1000)
  return limit.hint === "none" || millis > maxMillis
    ? answer(429)
    : answer(429, { retryAfter: Duration.millis(millis), form: limit.hint })
}

/** What becomes of a request: its reply, whether it was turned away, and the rooms it has to pass first. */
export interface Admission {
  readonly reply: Reply
  readonly rejected: boolean
  readonly rooms: ReadonlyArray<<A>(work: Effect.Effect<A>) => Effect.Effect<A>>
}

/** Limits that are full at first. `now` is monotonic, in milliseconds. */
export const makeGates = (): ((fault: Fault, now: number) => Admission) => {
  const buckets = new WeakMap<RateLimit, Bucket>()
  const roomsOf = new WeakMap<Capacity, Room>()

  const take = (limit: RateLimit, now: number): Answer | undefined => {
    const bucket = buckets.get(limit) ?? { tokens: limit.burst, at: now }
    buckets.set(limit, bucket)
    bucket.tokens = Math.min(limit.burst, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * limit.perSecond)
    bucket.at = now
    // ten tenths add up to a little less than one
    if (bucket.tokens < 1 - 1e-9) return turnedAway(limit, bucket.tokens)
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

/** What a request is recorded with once it is known what it gets. */
interface Record {
  fault: Fault
  rejected: boolean
}

/** The steps that a request gets of a script, and the rooms that it has to pass first; a script may fail. */
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
    // an answer to nonsense may fail, of too deep a body for one
    const steps = failing(
      () => stepsOf(reply, request),
      (failure) => stepsOf(failure, request)
    )
    return { steps, rooms }
  }
}
