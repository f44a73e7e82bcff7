/**
 * Remote work that outlives a connection: submitted once, watched from anywhere, found again after a crash.
 *
 * A job runs for minutes or days on somebody else's machine. Its submission may be carried out and its answer lost: sent
 * anew, it runs twice. A look at it may fail because the network does, which says nothing of the job; or be answered by a
 * replica that lags behind. Here the caller chooses the job's id before the first attempt, and losing contact is not a failed job.
 *
 * A submission looks the id up before it sends anything, and again before it sends a second time. A lost response, or a process
 * that starts again, therefore makes no second job, even on a server that accepts a duplicate id. Two limits remain on such a
 * server: two processes that submit one id at the same time, and a job that its replicas still hide when it is looked up.
 *
 * What to do next is decided by plain functions over plain values, `afterSend` and `afterLook`, `afterSight` and
 * `afterResume`; `submit`, `watch` and `await` carry it out.
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
import { type ApiError, type Kind as ErrorKind, mayHaveExecuted, type Reason, settle, unsafeMake } from "./ApiError.js"
import * as Deadline from "./Deadline.js"
import { conflicts, mayExist, moreOf, nothingSent, notLookedUp } from "./internal/job/advice.js"
import { again, hintOf, logged, pauseBefore, spread } from "./internal/job/waits.js"
import { duration, number, refuse } from "./internal/options.js"
import { monotonicMillis } from "./internal/clock.js"
import type { Doubt, Limits, Phase, Standing, Step, Submission, Watching } from "./internal/job/model.js"

export type { Limits, Phase, Step, Submission, Doubt, Watching, Standing } from "./internal/job/model.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * A kind of job: how its server is asked, and how to read what it says.
 *
 * Each effect is one call, protected as its author sees fit: what it fails with after its own retries is not the end of a
 * watch.
 *
 * @since 0.1.0
 * @category model
 */
export interface Kind<in Input, in out Snapshot, out A, out R = never> {
  /**
   * Creates the job under the id; a server that refuses a duplicate id fails with `Conflict`. Its own retries must have the
   * idempotency `never`, so that its error covers all of its attempts: `submit` looks the job up before it sends again.
   */
  readonly create: (id: string, input: Input) => Effect.Effect<Snapshot, ApiError, R>
  /** Looks the job up; fails with `NotFound` where no job has the id. */
  readonly get: (id: string) => Effect.Effect<Snapshot, ApiError, R>
  readonly standing: (snapshot: Snapshot) => Standing<A>
  /** Whether the job that exists is the one that the input describes. */
  readonly isSame: (snapshot: Snapshot, input: Input) => boolean
  /** Resumes a job that stopped. @default it cannot be resumed */
  readonly resume?: ((id: string) => Effect.Effect<unknown, ApiError, R>) | undefined
}

/**
 * What it takes to watch a job: the part of its kind that submits it is not needed.
 *
 * @since 0.1.0
 * @category model
 */
export type Watched<Snapshot, A, R = never> = Pick<Kind<never, Snapshot, A, R>, "get" | "standing" | "resume">

// -------------------------------------------------------------------------------------------------
// Submitting: what to do next
// -------------------------------------------------------------------------------------------------

/**
 * Options of `submit`.
 *
 * @since 0.2.0
 * @category model
 */
export interface SubmitOptions {
  /**
   * Whether the id was generated for this call, so that no job can have it yet. The submission then sends at once, and saves the
   * look before it. @default false
   */
  readonly isNew?: boolean | undefined
  /** For all calls and waits together, at least 0; may be infinite. @default infinite */
  readonly deadline?: Duration.DurationInput | undefined
}

/**
 * What was found under an id: the job that was submitted, one with another input, or one that was deleted.
 *
 * @since 0.1.0
 * @category model
 */
export type Finding<Snapshot> =
  | { readonly _tag: "Same"; readonly snapshot: Snapshot }
  | { readonly _tag: "Other" }
  | { readonly _tag: "Gone" }
const maxSends = 6

/** How often a job is looked for that the server said to exist, or could not be asked about. */
const maxLooks = 6

/** How often a job is looked for that may never have arrived. */
const enoughLooks = 2

/** The longest wait that a server may ask of a submission, in milliseconds. */
const maxHint = 120_000

const failed = (error: ApiError, inDoubt: boolean): Submission<never> => ({ _tag: "Failed", error, inDoubt })

const look = (doubt: Doubt, last: ApiError): Submission<never> => {
  const hint = hintOf(last)
  return hint > maxHint
    ? failed(doubt.error ?? last, doubt.sends > 0)
    : { _tag: "Look", after: Duration.millis(Math.max(pauseBefore(doubt.looks), hint)), doubt }
}

/** Whether a call may have been carried out: not if a server refused it, whatever it refuses with. */
const mayStand = (error: ApiError): boolean =>
  mayHaveExecuted(error) &&
  !(error._tag === "Fatal" && error.delivery === "Acknowledged" && (error.status ?? 400) >= 400)

const conflict = (found: "Other" | "Gone", error?: ApiError): Submission<never> => {
  const status = error?.reason === "Conflict" ? error.status : undefined
  const about = { delivery: "Acknowledged", status, requestId: error?.requestId, detail: conflicts[found] } as const
  return failed(unsafeMake({ class: "Fatal", reason: "Conflict" }, about), false)
}

const found = <Snapshot>(finding: Finding<Snapshot>, error?: ApiError): Submission<Snapshot> =>
  finding._tag === "Same" ? { _tag: "Done", snapshot: finding.snapshot } : conflict(finding._tag, error)

/**
 * Decides what follows the response to a submission that was sent for the n-th time.
 *
 * What may have been carried out is looked up, and so is what conflicts with something that exists. What was not sent or was
 * refused has failed, unless an earlier send is still in doubt.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Either } from "effect"
 * import { ApiError, Job } from "effect-reliability"
 *
 * const lost = new ApiError.Transient({ reason: "ConnectionLost", delivery: "Unconfirmed" })
 * assert.strictEqual(Job.afterSend(1, Either.left(lost))._tag, "Look")
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const afterSend = <Snapshot>(
  sends: number,
  result: Either.Either<Finding<Snapshot>, ApiError>
): Submission<Snapshot> => {
  if (Either.isRight(result)) return found(result.right)
  const error = result.left
  const earlier = sends > 1
  return error.reason === "Conflict" || mayStand(error) || (earlier && error._tag !== "Fatal")
    ? look({ sends, error, looks: 0 }, error)
    : failed(error, earlier)
}

/**
 * Decides what follows a look for a job that is about to be sent, or whose submission is in doubt.
 *
 * The same job is the success; another one, or what is left of a deleted one, is `Conflict`. Where there is none before the
 * first send, it is sent. Where there is none after a send it may not be seen yet, and only after another look is it sent again,
 * under the same id.
 *
 * A look that fails never leads to a send. Before the first send it is repeated where the server did not refuse it, and
 * otherwise fails the submission.
 *
 * @since 0.1.0
 * @category getters
 */
export const afterLook = <Snapshot>(
  doubt: Doubt,
  result: Either.Either<Finding<Snapshot>, ApiError>
): Submission<Snapshot> => {
  const { error, looks, sends } = doubt
  if (Either.isRight(result)) return found(result.right, error)
  const missing = result.left.reason === "NotFound"
  if (error === undefined) {
    if (missing) return { _tag: "Send", after: Duration.zero, sends: 1 }
    const isPassing = result.left._tag !== "Fatal" && mayHaveExecuted(result.left)
    return isPassing && looks + 1 < maxLooks
      ? look({ ...doubt, looks: looks + 1 }, result.left)
      : failed(result.left, false)
  }
  if (result.left._tag === "Fatal" && !missing) return failed(result.left, true)
  const unseen = missing && error.reason !== "Conflict"
  if (looks + 1 < (unseen ? enoughLooks : maxLooks)) return look({ ...doubt, looks: looks + 1 }, result.left)
  return unseen && error._tag !== "Fatal" && sends < maxSends
    ? { _tag: "Send", after: Duration.millis(Math.max(pauseBefore(sends), hintOf(error))), sends: sends + 1 }
    : failed(error, true)
}

/**
 * Submits a job under an id that the caller chose, once: whatever is lost on the way, and whoever submitted it before, the
 * job of this id and input is the success.
 *
 * A process that dies in the middle, and is started again with the same id and input, goes on where it was: the job is looked up
 * before anything is sent. Debug logs report each wait.
 *
 * @example
 * ```ts
 * import { Effect, Equal } from "effect"
 * import { ApiError, Job } from "effect-reliability"
 *
 * const made = new Map<string, { readonly input: string; readonly state: string }>()
 * const lost = new ApiError.Transient({ reason: "ConnectionLost", delivery: "Unconfirmed" })
 * const missing = new ApiError.Fatal({ reason: "NotFound", delivery: "Acknowledged", status: 404 })
 *
 * const kind: Job.Kind<string, { readonly input: string; readonly state: string }, string> = {
 *   // it is made, and the answer is lost
 *   create: (id, input) => Effect.zipRight(Effect.sync(() => made.set(id, { input, state: "DONE" })), lost),
 *   get: (id) => Effect.fromNullable(made.get(id)).pipe(Effect.mapError(() => missing)),
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

const settled = (error: ApiError): ApiError => (error.attempts > 0 ? error : settle(error, 1))

// both are of one error
const advised = ({ _tag, reason, ...rest }: ApiError, remedy: string): ApiError =>
  unsafeMake({ class: _tag, reason } as ErrorKind, { ...rest, remedy }, rest.cause)

// -------------------------------------------------------------------------------------------------
// Watching: what to do next
// -------------------------------------------------------------------------------------------------

/**
 * How a job is watched.
 *
 * @since 0.1.0
 * @category model
 */
export interface WatchOptions {
  /** The wait between looks, as long as something changes, at least 1 ms. @default 5 seconds */
  readonly interval?: Duration.DurationInput | undefined
  /** What each wait is multiplied by while nothing changes, from 1 on. @default 1.5 */
  readonly factor?: number | undefined
  /** The longest wait, at least `interval`. @default 1 minute */
  readonly cap?: Duration.DurationInput | undefined
  /** The part by which each wait is shortened or lengthened at random, from 0 to 0.5. @default 0.2 */
  readonly jitter?: number | undefined
  /** For how long contact may be lost, in one go; may be infinite. @default 1 hour */
  readonly outage?: Duration.DurationInput | undefined
  /** For how long the server may know nothing of the job before that is believed. @default 2 minutes */
  readonly unseen?: Duration.DurationInput | undefined
  /** For how long it may be queued, in all, since it was last resumed; may be infinite. @default infinite */
  readonly queued?: Duration.DurationInput | undefined
  /** For how long it may be active, in all, since it was last resumed; may be infinite. @default infinite */
  readonly active?: Duration.DurationInput | undefined
  /** For how long it may be changing, in all, since it was last resumed; may be infinite. @default infinite */
  readonly changing?: Duration.DurationInput | undefined
  /** How often a job that stopped is resumed, where its kind can be; 0 for never. @default 0 */
  readonly resumes?: number | undefined
  /** For how long after a resumption the server may still tell of the end before it. @default 2 minutes */
  readonly stale?: Duration.DurationInput | undefined
  /** Whether it was resumed just before the watch, so that `stale` holds from its beginning. @default false */
  readonly resumed?: boolean | undefined
}

/**
 * Checks watch options; a bad one is refused by its name and that of its owner, the function that takes it.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Job } from "effect-reliability"
 *
 * assert.strictEqual(Job.limits({ interval: "10 seconds" }).cap, 60_000)
 * assert.throws(() => Job.limits({ factor: 0.5 }), /factor is 0.5; it must be a number of at least 1/)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const limits = (options: WatchOptions = {}, owner = "Job.limits"): Limits => {
  const interval = duration(owner, "interval", options.interval ?? "5 seconds", { min: 1 })
  const cap = duration(owner, "cap", options.cap ?? Duration.max(interval, "1 minute"), { min: 1 })
  if (Duration.lessThan(cap, interval)) refuse(owner, "cap", cap, `at least interval, ${Duration.format(interval)}`)
  const span = (name: "outage" | "unseen" | "stale" | Phase, otherwise: Duration.DurationInput): number =>
    Duration.toMillis(duration(owner, name, options[name] ?? otherwise, { infinite: true }))
  return {
    interval: Duration.toMillis(interval),
    factor: number(owner, "factor", options.factor ?? 1.5, { min: 1 }),
    cap: Duration.toMillis(cap),
    jitter: number(owner, "jitter", options.jitter ?? 0.2, { max: 0.5 }),
    outage: span("outage", "1 hour"),
    unseen: span("unseen", "2 minutes"),
    queued: span("queued", Duration.infinity),
    active: span("active", Duration.infinity),
    changing: span("changing", Duration.infinity),
    resumes: number(owner, "resumes", options.resumes ?? 0, { integer: true }),
    stale: span("stale", "2 minutes"),
    resumed: options.resumed ?? false
  }
}

const none = { Stopped: undefined, Ended: undefined, Gone: undefined, Nothing: undefined }

const phases = { Queued: "queued", Active: "active", Changing: "changing", ...none } as const

const unspent: Watching["spent"] = { queued: 0, active: 0, changing: 0 }
/**
 * A watch that begins at a moment.
 *
 * @since 0.1.0
 * @category getters
 */
export const watchingSince = (now: number, limits: Limits): Watching => ({
  lookedAt: now,
  seen: "Nothing",
  wait: 0,
  spent: unspent,
  lostSince: undefined,
  unseenSince: undefined,
  refusedSince: undefined,
  missingSince: undefined,
  resumes: 0,
  resumedAt: limits.resumed ? now : -Infinity
})

const ranOut = (what: Phase, millis: number): Step<never> => {
  const detail = `the job was ${what} for ${Duration.format(Duration.millis(Math.round(millis)))}`
  const about = { delivery: "Acknowledged", phase: "deadline", detail, remedy: moreOf(what) } as const
  return { _tag: "Failed", error: unsafeMake({ class: "Transient", reason: "Timeout" }, about) }
}

const unreached: ReadonlySet<Reason> = /*#__PURE__*/ new Set<Reason>(["Tls", "ProxyRefused"])

/** A server that asks for no retry of a look does not mean the next look; and who was reached once can be reached again. */
const isFatal = (error: ApiError, { resumes, seen }: Watching): boolean => {
  const wasReached = seen !== "Nothing" || resumes > 0
  const isAway = wasReached && error.delivery === "NotSent" && unreached.has(error.reason)
  return error._tag === "Fatal" && error.shouldRetry !== true && !isAway
}

/** What a watch makes of a look that failed. */
const afterLoss = (
  state: Watching,
  now: number,
  error: ApiError,
  limits: Limits,
  random: number
): readonly [Watching, Step<never>] => {
  const missing = error.reason === "NotFound"
  const lostSince = state.lostSince ?? now
  // the time without contact says nothing of the job
  const unseenSince = (state.unseenSince ?? lostSince) + now - lostSince
  const next = missing ? { ...state, lostSince: undefined, unseenSince } : { ...state, lostSince }
  const left = (missing ? unseenSince + limits.unseen : lostSince + limits.outage) - now
  if (isFatal(error, state) && !missing) return [next, { _tag: "Failed", error }]
  if (left > 0) return again(next, limits, { anew: false, left, random, error })
  return [next, { _tag: "Failed", error: missing ? error : advised(error, moreOf("outage")) }]
}

/**
 * Decides what follows a look at a job. `random` is drawn from [0, 1).
 *
 * Only what the server says ends the watch, or a limit; or what kept from reaching it from the beginning, and no waiting
 * cures. Time in which there was no contact counts to no limit but its own, time in the queue not to that of the work, and time
 * in which the one became the other to that which has more left. An answer that lags behind makes the watch longer, and ends it
 * never.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Either } from "effect"
 * import { ApiError, Job } from "effect-reliability"
 *
 * const limits = Job.limits({ interval: "5 seconds", outage: "10 minutes" })
 * const down = Either.left(new ApiError.Transient({ reason: "Connect", delivery: "NotSent" }))
 *
 * const [state, first] = Job.afterSight(Job.watchingSince(0, limits), 0, down, limits, 0.5)
 * const [, second] = Job.afterSight(state, 600_000, down, limits, 0.5)
 * assert.deepStrictEqual([first._tag, second._tag], ["Look", "Failed"])
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const afterSight = <A>(
  before: Watching,
  now: number,
  result: Either.Either<Standing<A>, ApiError>,
  limits: Limits,
  random: number
): readonly [Watching, Step<A>] => {
  const known = before.lostSince === undefined && before.unseenSince === undefined
  const earlier = known ? phases[before.seen] : undefined
  const later = Either.isRight(result) ? phases[result.right._tag] : undefined
  const leftOf = (phase: Phase): number => limits[phase] - before.spent[phase]
  // when it changed is not known, and no limit is charged with what was not its own
  const phase = earlier && later && leftOf(later) > leftOf(earlier) ? later : earlier
  const passed = phase && { [phase]: before.spent[phase] + Math.max(0, now - before.lookedAt) }
  const state: Watching = { ...before, lookedAt: now, spent: { ...before.spent, ...passed } }
  if (Either.isLeft(result)) return afterLoss(state, now, result.left, limits, random)

  const standing = result.right
  const seen: Watching = { ...state, seen: standing._tag, lostSince: undefined, unseenSince: undefined }
  const anew = before.seen !== standing._tag
  switch (standing._tag) {
    case "Ended":
      return [seen, { _tag: "Done", outcome: standing.outcome }]
    case "Gone":
      return [seen, { _tag: "Failed", error: gone() }]
    case "Stopped": {
      // what it says may be of the life before
      const left = seen.resumedAt + limits.stale - now
      if (left > 0) return again(seen, limits, { anew: false, left, random })
      const resumable = seen.resumes < limits.resumes && standing.final !== true
      return [seen, resumable ? { _tag: "Resume" } : { _tag: "Done", outcome: standing.outcome }]
    }
    case "Queued":
    case "Active":
    case "Changing": {
      const phase = phases[standing._tag]
      const left = limits[phase] - seen.spent[phase]
      if (left <= 0) return [seen, ranOut(phase, seen.spent[phase])]
      return again({ ...seen, refusedSince: undefined, missingSince: undefined }, limits, { anew, left, random })
    }
  }
}

const gone = (): ApiError =>
  unsafeMake({ class: "Fatal", reason: "NotFound" }, { delivery: "Acknowledged", detail: "the job was deleted" })

/** What a server says of a job that is running already: a precondition failed, which gateways make a 400 of. */
const elsewhere: ReadonlySet<Reason> = /*#__PURE__*/ new Set<Reason>(["Conflict", "PreconditionFailed", "BadRequest"])

/**
 * Decides what follows the attempt to resume a job. `random` is drawn from [0, 1).
 *
 * One that is refused, since the job runs again by somebody else's hand, is looked at; so is one whose answer was lost, and
 * both count. One that did not arrive does not count, and is made again, for as long as contact may be lost.
 *
 * @since 0.1.0
 * @category getters
 */
export const afterResume = (
  before: Watching,
  now: number,
  result: Either.Either<unknown, ApiError>,
  limits: Limits,
  random: number
): readonly [Watching, Step<never>] => {
  const error = Option.getOrUndefined(Either.getLeft(result))
  if (error === undefined || elsewhere.has(error.reason) || mayStand(error)) {
    // the end that is told next may be the old one
    const asked = { resumes: before.resumes + 1, resumedAt: now, refusedSince: undefined, missingSince: undefined }
    const resumed: Watching = { ...before, ...asked, lookedAt: now, seen: "Nothing", spent: unspent }
    const left = error === undefined ? Infinity : Math.max(limits.outage, limits.interval)
    return again(resumed, limits, { anew: true, left, random, error })
  }
  const missing = error.reason === "NotFound"
  const refusedSince = before.refusedSince ?? now
  const missingSince = missing ? (before.missingSince ?? now) : undefined
  const next: Watching = { ...before, lookedAt: now, refusedSince, missingSince }
  const left = (missingSince === undefined ? refusedSince + limits.outage : missingSince + limits.unseen) - now
  const over = left <= 0 || (isFatal(error, before) && !missing)
  return over ? [next, { _tag: "Failed", error }] : again(next, limits, { anew: false, left, random, error })
}

// -------------------------------------------------------------------------------------------------
// Watching
// -------------------------------------------------------------------------------------------------

/** Where a watch stands, and what it waits for first. */
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

/** The wait that is due, one look, and what is decided on it. */
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

/** A kind that cannot be resumed is not. */
const limitsOf = <Snapshot, A, R>(kind: Watched<Snapshot, A, R>, options: WatchOptions): Limits => {
  const checked = limits(options)
  return kind.resume === undefined ? { ...checked, resumes: 0 } : checked
}

/**
 * Watches a job: each snapshot of it that was seen, until it has ended. Losing contact only makes the next one later, as long
 * as the limits allow; a job that was deleted is `NotFound`, and the snapshot that says so is not shown.
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
  const checked = limitsOf(kind, options)
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
  const checked = limitsOf(kind, options)
  const from = (position: Position): Effect.Effect<A, ApiError, R> =>
    Effect.flatMap(turn(kind, id, checked, position), ({ next }) =>
      Either.match(next, { onLeft: Effect.succeed, onRight: from })
    )
  return Effect.flatMap(start(checked), from)
}

export {
  /**
   * Waits for the outcome of a job, as long as it takes: a `Deadline.within` around it, or its own limits, say when to stop.
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
