/**
 * The workflow that carries out a durable job: steps that the engine stores, and waits between them.
 *
 * A step is an activity. It submits the job or polls it, and decides the next wait with the pure functions of `Job`. Short waits
 * are spent within a step, longer ones in a `DurableClock`.
 *
 * The engine replays all steps of an execution whenever it wakes up. Therefore child executions make the steps, a few each, and
 * pass the position on: a wake-up replays the steps of the current part only, and the rows of the others can be deleted.
 *
 * @since 0.2.0
 */
import * as Activity from "@effect/workflow/Activity"
import * as DurableClock from "@effect/workflow/DurableClock"
import * as Workflow from "@effect/workflow/Workflow"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as ApiError from "../../ApiError.js"
import { detached } from "../../internal/call/context.js"
import { settled } from "../../internal/job/advice.js"
import type { Step, Watching } from "../../internal/job/model.js"
import { afterResume, afterSight, watchingSince } from "../../internal/job/watching.js"
import type { Plan, Position, Turn } from "./model.js"
import { positionOf, turnOf } from "./stored.js"

/** The number of steps of a child execution. A replay costs 2 to 6 ms for each. */
const stepsPerPart = 8

/** The number of child executions before an execution continues as another one: with default options, after three days. */
const partsPerExecution = 32

/**
 * Repeats a call of the engine that fails with a defect, for about five minutes. The engine turns errors of its storage and of
 * other runners into defects, and a defect would end the execution for good. A call whose result is stored returns it again.
 */
const persistently = <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  call.pipe(
    Effect.sandbox,
    Effect.retry({
      while: Cause.isDie,
      times: 35,
      schedule: Schedule.union(Schedule.exponential("200 millis"), Schedule.spaced("10 seconds"))
    }),
    Effect.unsandbox
  )

/** Returns the name of the workflow whose executions are the parts of another workflow's. */
export const partName = (name: string): string => `${name}/part`

/** The time after which a step that waits in memory is stored, in milliseconds. */
const maxStep = 20 * 60_000

/** Returns the wall-clock time, but never less than the last time of the state, which another machine may have written. */
const timeSince = (state: Watching): Effect.Effect<number> =>
  Effect.map(Clock.currentTimeMillis, (now) => Math.max(now, state.lookedAt))

/** Submits the job. A failure that may pass is repeated like a failed poll; each submission begins with a lookup. */
const submit = <Input, Snapshot, End, A, H, R>(
  plan: Plan<Input, Snapshot, End, A, H, R>,
  id: string,
  input: Input,
  position: Position<H>
): Effect.Effect<Turn<A, H>, ApiError.ApiError, R> =>
  Effect.gen(function* () {
    const result = yield* Effect.either(plan.submit(id, input))
    const now = yield* timeSince(position.watching)
    if (Either.isRight(result)) {
      return {
        _tag: "Wait",
        position: { ...position, submitted: true, watching: watchingSince(now, plan.limits), after: 0 }
      }
    }
    const error = result.left
    if (error._tag === "Fatal") return yield* Effect.fail(error)
    const lost = Either.left(error)
    const [watching, step] = afterSight(position.watching, now, lost, plan.limits, yield* Random.next)
    // the submission's own error says whether the job may exist
    if (step._tag !== "Look") return yield* Effect.fail(error)
    return { _tag: "Wait", position: { ...position, watching, after: Duration.toMillis(step.after) } }
  })

/** Polls the job once, and resumes it if it stopped. */
const look = <Input, Snapshot, End, A, H, R>(
  plan: Plan<Input, Snapshot, End, A, H, R>,
  id: string,
  position: Position<H>
): Effect.Effect<Turn<A, H>, ApiError.ApiError, R> =>
  Effect.gen(function* () {
    const { afterGet, afterResume: afterResumption } = plan.history
    const { get, resume, standing } = plan.watched
    const result = yield* Effect.either(get(id))
    const sight = Either.map(result, standing)
    const now = yield* timeSince(position.watching)
    let history = Either.isRight(result) ? afterGet(position.history, result.right, now) : position.history
    let [watching, step]: readonly [Watching, Step<End>] = afterSight(
      position.watching,
      now,
      sight,
      plan.limits,
      yield* Random.next
    )
    while (step._tag === "Resume") {
      const resumed = yield* Effect.either(resume?.(id) ?? Effect.void)
      const now = yield* timeSince(watching)
      history = afterResumption(history, now, resumed)
      ;[watching, step] = afterResume(watching, now, resumed, plan.limits, yield* Random.next)
    }
    switch (step._tag) {
      case "Done":
        return { _tag: "Done", outcome: yield* plan.conclude(id, step.outcome, history) }
      case "Failed":
        return yield* Effect.fail(settled(step.error))
      case "Look":
        return { _tag: "Wait", position: { submitted: true, watching, history, after: Duration.toMillis(step.after) } }
    }
  })

/** Runs one step: at least one call, and further ones while the waits between them are short. */
const stepFrom = <Input, Snapshot, End, A, H, R>(
  plan: Plan<Input, Snapshot, End, A, H, R>,
  id: string,
  input: Input,
  before: Position<H> | undefined
): Effect.Effect<Turn<A, H>, ApiError.ApiError, R> =>
  Effect.gen(function* () {
    const began = yield* Clock.currentTimeMillis
    let position = before ?? {
      submitted: false,
      watching: watchingSince(began, plan.limits),
      history: plan.history.initial,
      after: 0
    }
    while (true) {
      // a longer wait has passed before the step
      if (position.after <= plan.inMemory) yield* Effect.sleep(position.after)
      const turn: Turn<A, H> = yield* position.submitted ? look(plan, id, position) : submit(plan, id, input, position)
      if (turn._tag === "Done" || turn.position.after > plan.inMemory) return turn
      // a submission or a resumption is stored at once, so that a crash does not repeat it
      const hasActed =
        turn.position.submitted !== position.submitted || turn.position.watching.resumes !== position.watching.resumes
      if (hasActed || (yield* Clock.currentTimeMillis) - began >= maxStep) return turn
      position = turn.position
    }
    // the memory engine runs steps in fibers of the caller, whose deadline and retries do not concern the job
  }).pipe(Effect.mapError(plan.failed), detached)

/** Returns the workflow of a plan, its part that makes a bounded number of steps, and the layer that registers both. */
export const workflowOf = <Input, Snapshot, End, A, H, R>(plan: Plan<Input, Snapshot, End, A, H, R>) => {
  const StoredPosition = Schema.NullOr(positionOf(plan.history.schema))
  const StoredTurn = turnOf(plan.outcome, positionOf(plan.history.schema))
  const payload = {
    id: Schema.String,
    /** The number of executions of the same kind before this one. */
    index: Schema.Number,
    input: Schema.Unknown,
    /** The position to start from; null at the start of the job. */
    position: Schema.Unknown
  }
  const idempotencyKey = ({ id, index }: { readonly id: string; readonly index: number }) => `${index}/${id}`
  const error = ApiError.ApiError

  const workflow = Workflow.make({
    name: plan.name,
    payload,
    success: plan.outcome,
    error,
    idempotencyKey,
    suspendedRetrySchedule: plan.suspendedRetrySchedule
  })
  const part = Workflow.make({ name: partName(plan.name), payload, success: StoredTurn, error, idempotencyKey })

  const decoded = (position: unknown) => Effect.orDie(Schema.decodeUnknown(StoredPosition)(position))

  const parts = Effect.map(Effect.context<R>(), (context) =>
    part.toLayer(({ id, input, position }) =>
      Effect.gen(function* () {
        const given = yield* Effect.orDie(Schema.decodeUnknown(plan.input)(input))
        let current = (yield* decoded(position)) ?? undefined
        for (let step = 0; ; step++) {
          if (current !== undefined && current.after > plan.inMemory) {
            const wait = { name: `wait/${step}`, duration: current.after, inMemoryThreshold: "1 millis" } as const
            yield* persistently(DurableClock.sleep(wait))
          }
          const activity = Activity.make({
            name: `step/${step}`,
            success: StoredTurn,
            error,
            execute: Effect.provide(stepFrom(plan, id, given, current), context)
          })
          const turn: Turn<A, H> = yield* persistently(activity)
          if (turn._tag === "Done" || step + 1 === stepsPerPart) return turn
          current = turn.position
        }
      })
    )
  )

  const whole = workflow.toLayer(({ id, index, input, position }) =>
    Effect.gen(function* () {
      let from = position
      for (let n = 0; n < partsPerExecution; n++) {
        const next = part.execute({ id, index: index * partsPerExecution + n, input, position: from })
        const turn = yield* persistently(next)
        if (turn._tag === "Done") return turn.outcome
        from = yield* Effect.orDie(Schema.encode(StoredPosition)(turn.position))
      }
      return yield* persistently(workflow.execute({ id, index: index + 1, input, position: from }))
    })
  )

  return { workflow, part, layer: Layer.merge(Layer.unwrapEffect(parts), whole) }
}
