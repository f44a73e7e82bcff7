/**
 * Long-running remote jobs: submit a job once, watch it from any process, and find it again after a crash.
 *
 * A job runs on a server for minutes or days. If the response to its submission is lost, sending it again can start a second
 * job. A poll of the job can fail because of the network, or return old data from a lagging replica. With this module the
 * caller chooses the job's id before the first attempt, and a loss of contact does not count as a failed job.
 *
 * `submit` looks the id up before the first send and before each further send. A lost response or a restarted process therefore
 * creates no second job, even if the server accepts duplicate ids. On such a server, a duplicate remains possible in two cases:
 * two processes submit the same id at the same time, or lagging replicas do not show the job yet.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import type { ApiError } from "./ApiError.js"
import * as Deadline from "./Deadline.js"
import { monotonicMillis } from "./internal/clock.js"
import { advised, mayExist, nothingSent, notLookedUp, settled } from "./internal/job/advice.js"
import { afterLook, afterSend } from "./internal/job/submission.js"
import { logged, spread } from "./internal/job/waits.js"
import { afterResume, afterSight, limits, watchingSince } from "./internal/job/watching.js"
import { duration } from "./internal/options.js"
import type { Finding, Limits, Standing, Step, Submission, Watching, WatchOptions } from "./internal/job/model.js"

export type { Standing, WatchOptions } from "./internal/job/model.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * The definition of a kind of job: the calls to its server, and how its snapshots are read.
 *
 * Each effect is one call and may have its own retries. If `get` then fails with a retryable error, a watch polls again later,
 * within its limits.
 *
 * @since 0.1.0
 * @category model
 */
export interface Kind<in Input, in out Snapshot, out A, out R = never> {
  /**
   * Creates the job with the id. If the server refuses a duplicate id, it fails with `Conflict`.
   *
   * Its own retries must have the idempotency `never`: `submit` looks the job up before it sends the job again.
   */
  readonly create: (id: string, input: Input) => Effect.Effect<Snapshot, ApiError, R>
  /** Returns a snapshot of the job. Fails with `NotFound` if no job has the id. */
  readonly get: (id: string) => Effect.Effect<Snapshot, ApiError, R>
  /** Returns the standing of the job, given a snapshot. */
  readonly standing: (snapshot: Snapshot) => Standing<A>
  /** Returns true if the existing job was created from this input. */
  readonly isSame: (snapshot: Snapshot, input: Input) => boolean
  /** Resumes a stopped job. @default stopped jobs are not resumed */
  readonly resume?: ((id: string) => Effect.Effect<unknown, ApiError, R>) | undefined
}

/**
 * The part of a `Kind` that watching needs, without `create` and `isSame`.
 *
 * @since 0.1.0
 * @category model
 */
export type Watched<Snapshot, A, R = never> = Pick<Kind<never, Snapshot, A, R>, "get" | "standing" | "resume">

// -------------------------------------------------------------------------------------------------
// Submitting
// -------------------------------------------------------------------------------------------------

/**
 * Options of `submit`.
 *
 * @since 0.2.0
 * @category model
 */
export interface SubmitOptions {
  /**
   * True if the id was generated for this call, so that no job can have it yet. `submit` then sends without a lookup first.
   * @default false
   */
  readonly isNew?: boolean | undefined
  /** The time for all calls and waits together, at least 0; may be infinite. @default infinite */
  readonly deadline?: Duration.DurationInput | undefined
}

/**
 * Submits a job once, with an id that the caller chose, and returns its snapshot.
 *
 * If a job with this id and input exists already, `submit` succeeds with that job. Lost responses do not create a second job.
 * After a crash, call `submit` again with the same id and input: it looks the job up before it sends anything.
 *
 * Fails with `Conflict` if the id belongs to a deleted job, or to a job with a different input. Debug logs report each wait.
 *
 * @example
 * ```ts
 * import { Effect, Equal } from "effect"
 * import { ApiError, Job } from "effect-reliability"
 *
 * const created = new Map<string, { readonly input: string; readonly state: string }>()
 * const lost = new ApiError.Transient({ reason: "ConnectionLost", delivery: "Unconfirmed" })
 * const missing = new ApiError.Fatal({ reason: "NotFound", delivery: "Acknowledged", status: 404 })
 *
 * const kind: Job.Kind<string, { readonly input: string; readonly state: string }, string> = {
 *   // the job is created, and the response is lost
 *   create: (id, input) => Effect.zipRight(Effect.sync(() => created.set(id, { input, state: "DONE" })), lost),
 *   get: (id) => Effect.fromNullable(created.get(id)).pipe(Effect.mapError(() => missing)),
 *   standing: ({ state }) => (state === "DONE" ? { _tag: "Ended", outcome: state } : { _tag: "Active" }),
 *   isSame: (job, input) => Equal.equals(job.input, input)
 * }
 *
 * console.log(await Effect.runPromise(Job.submit(kind, "job-1", "input"))) // { input: "input", state: "DONE" }
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const submit = <Input, Snapshot, A, R>(
  kind: Kind<Input, Snapshot, A, R>,
  id: string,
  input: Input,
  options: SubmitOptions = {}
): Effect.Effect<Snapshot, ApiError, R> => {
  const deadline = duration("Job.submit", "deadline", options.deadline ?? Duration.infinity, { infinite: true })
  const finding = (snapshot: Snapshot): Finding<Snapshot> => {
    if (kind.standing(snapshot)._tag === "Gone") return { _tag: "Gone" }
    return kind.isSame(snapshot, input) ? { _tag: "Same", snapshot } : { _tag: "Other" }
  }
  const first: Submission<Snapshot> =
    options.isNew === true
      ? { _tag: "Send", after: Duration.zero, sends: 1 }
      : { _tag: "Look", after: Duration.zero, doubt: { sends: 0, error: undefined, looks: 0 } }
  return Effect.suspend(() => {
    let isSent = false
    const call = (step: Submission<Snapshot> & { readonly _tag: "Look" | "Send" }) =>
      Effect.suspend(() => {
        if (step._tag === "Look") return kind.get(id)
        isSent = true
        return kind.create(id, input)
      })
    const follow = (step: Submission<Snapshot>): Effect.Effect<Snapshot, ApiError, R> => {
      if (step._tag === "Done") return Effect.succeed(step.snapshot)
      if (step._tag === "Failed") {
        const remedy = step.inDoubt ? mayExist(id) : nothingSent(step.error, id, isSent)
        return Effect.fail(settled(remedy === undefined ? step.error : advised(step.error, remedy)))
      }
      return spread(step.after).pipe(
        Effect.zipRight(Effect.either(Effect.map(call(step), finding))),
        Effect.flatMap((result) => {
          const next = step._tag === "Look" ? afterLook(step.doubt, result) : afterSend(step.sends, result)
          return Effect.zipRight(logged(next, result, id), follow(next))
        })
      )
    }
    return follow(first).pipe(
      Deadline.within(deadline),
      Effect.mapError((error) => {
        if (error.phase !== "deadline" || error.remedy !== undefined) return error
        return settled(advised(error, isSent ? mayExist(id) : notLookedUp(error, id)))
      })
    )
  })
}

// -------------------------------------------------------------------------------------------------
// Watching
// -------------------------------------------------------------------------------------------------

/** The state of a watch, and the wait before its next poll. */
interface Position {
  readonly state: Watching
  readonly wait: Duration.Duration
}

interface Turn<Snapshot, A> {
  readonly snapshot: Option.Option<Snapshot>
  readonly next: Either.Either<Position, A>
}

const start = (limits: Limits): Effect.Effect<Position> =>
  Effect.map(monotonicMillis, (now) => ({ state: watchingSince(now, limits), wait: Duration.zero }))

/** Waits, polls once, resumes the job if it stopped, and decides the next step. */
const turn = <Snapshot, A, R>(
  kind: Watched<Snapshot, A, R>,
  id: string,
  limits: Limits,
  { state, wait }: Position
): Effect.Effect<Turn<Snapshot, A>, ApiError, R> =>
  Effect.gen(function* () {
    yield* Effect.sleep(wait)
    const result = yield* Effect.either(kind.get(id))
    const sight = Either.map(result, kind.standing)
    const now = yield* monotonicMillis
    let [next, step]: readonly [Watching, Step<A>] = afterSight(state, now, sight, limits, yield* Random.next)
    while (step._tag === "Resume") {
      const resumed = yield* Effect.either(kind.resume?.(id) ?? Effect.void)
      ;[next, step] = afterResume(next, yield* monotonicMillis, resumed, limits, yield* Random.next)
    }
    const snapshot = Either.getRight(result)
    switch (step._tag) {
      case "Done":
        return { snapshot, next: Either.left(step.outcome) }
      case "Failed":
        return yield* Effect.fail(settled(step.error))
      case "Look":
        return { snapshot, next: Either.right({ state: next, wait: step.after }) }
    }
  })

/** Validates the options. Allows no resumptions if the kind has no `resume`. */
const limitsOf = <Snapshot, A, R>(owner: string, kind: Watched<Snapshot, A, R>, options: WatchOptions): Limits => {
  const checked = limits(options, owner)
  return kind.resume === undefined ? { ...checked, resumes: 0 } : checked
}

/**
 * Returns a stream of the job's snapshots, until the job has ended.
 *
 * A loss of contact only delays the next snapshot, within the limits of the options. If the job was deleted, the stream fails
 * with `NotFound` and does not emit the snapshot of the deletion.
 *
 * @example
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { Job } from "effect-reliability"
 *
 * let percent = 0
 * const kind: Job.Kind<void, number, "done"> = {
 *   create: () => Effect.succeed(0),
 *   get: () => Effect.sync(() => (percent += 50)),
 *   standing: (percent) => (percent < 100 ? { _tag: "Active" } : { _tag: "Ended", outcome: "done" }),
 *   isSame: () => true
 * }
 *
 * const progress = Job.watch(kind, "job-1", { interval: "1 millis" })
 * await Effect.runPromise(Stream.runForEach(progress, (percent) => Effect.sync(() => console.log(percent)))) // 50, 100
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const watch = <Snapshot, A, R>(
  kind: Watched<Snapshot, A, R>,
  id: string,
  options: WatchOptions = {}
): Stream.Stream<Snapshot, ApiError, R> => {
  const checked = limitsOf("Job.watch", kind, options)
  return Stream.unwrap(
    Effect.map(start(checked), (position) =>
      Stream.paginateChunkEffect(position, (position) =>
        Effect.map(turn(kind, id, checked, position), ({ next, snapshot }) => [
          Option.match(snapshot, { onNone: Chunk.empty<Snapshot>, onSome: Chunk.of }),
          Either.getRight(next)
        ])
      )
    )
  )
}

const await_ = <Snapshot, A, R>(
  kind: Watched<Snapshot, A, R>,
  id: string,
  options: WatchOptions = {}
): Effect.Effect<A, ApiError, R> => {
  const checked = limitsOf("Job.await", kind, options)
  const from = (position: Position): Effect.Effect<A, ApiError, R> =>
    Effect.flatMap(turn(kind, id, checked, position), ({ next }) =>
      Either.match(next, { onLeft: Effect.succeed, onRight: from })
    )
  return Effect.flatMap(start(checked), from)
}

export {
  /**
   * Waits for the outcome of a job.
   *
   * By default only a loss of contact is limited (`outage`), not the total time. Set limits in the options, or use
   * `Deadline.within`.
   *
   * @example
   * ```ts
   * import { Effect } from "effect"
   * import { ApiError, Job } from "effect-reliability"
   *
   * const down = new ApiError.Transient({ reason: "Connect", delivery: "NotSent" })
   * let looks = 0
   * const kind: Job.Kind<void, string, string> = {
   *   create: () => Effect.succeed("RUNNING"),
   *   get: () => Effect.suspend(() => (++looks < 3 ? Effect.fail(down) : Effect.succeed("COMPLETED"))),
   *   standing: (state) => (state === "RUNNING" ? { _tag: "Active" } : { _tag: "Ended", outcome: state }),
   *   isSame: () => true
   * }
   *
   * console.log(await Effect.runPromise(Job.await(kind, "job-1", { interval: "1 millis" }))) // COMPLETED
   * ```
   *
   * @since 0.1.0
   * @category combinators
   */
  await_ as await
}
