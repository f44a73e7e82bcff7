/**
 * The schemas of what an execution stores between its steps. All values are JSON.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import type { Past } from "../../fireworks/internal/jobs/trainerStates.js"
import type { Watching } from "../../internal/job/model.js"
import type { Position, Stored, Turn } from "./model.js"

/** Hides the type of the JSON form, which only the engine reads. */
export const stored = <A, I>(schema: Schema.Schema<A, I>): Stored<A> =>
  Schema.compose(Schema.Unknown, schema, { strict: false })

// JSON drops undefined fields; decoding reads a missing field as undefined
const Maybe = /*#__PURE__*/ Schema.UndefinedOr(Schema.Number)

/** A time that may be `-Infinity`, which is null in JSON. */
const Since = /*#__PURE__*/ Schema.transform(/*#__PURE__*/ Schema.NullOr(Schema.Number), Schema.Number, {
  strict: true,
  decode: (millis) => millis ?? -Infinity,
  encode: (time) => (time === -Infinity ? null : time)
})

/** The state of a watch. */
export const StoredWatching: Stored<Watching> = /*#__PURE__*/ stored(
  /*#__PURE__*/ Schema.Struct({
    lookedAt: Schema.Number,
    seen: /*#__PURE__*/ Schema.Literal("Queued", "Active", "Changing", "Stopped", "Ended", "Gone", "Nothing"),
    wait: Schema.Number,
    spent: /*#__PURE__*/ Schema.Struct({ queued: Schema.Number, active: Schema.Number, changing: Schema.Number }),
    lostSince: Maybe,
    unseenSince: Maybe,
    refusedSince: Maybe,
    missingSince: Maybe,
    resumes: Schema.Number,
    resumedAt: Since
  })
)

/** The history of a trainer. */
export const StoredPast: Stored<Past> = /*#__PURE__*/ stored(
  /*#__PURE__*/ Schema.Struct({
    interruptedAt: Maybe,
    ranAt: Maybe,
    stopped: Schema.Boolean,
    unconfirmed: Schema.Boolean,
    resumed: Schema.Number
  })
)

/** The position of an execution, given the schema of its history. */
export const positionOf = <H>(history: Stored<H>): Stored<Position<H>> =>
  stored(Schema.Struct({ submitted: Schema.Boolean, watching: StoredWatching, history, after: Schema.Number }))

/** The result of a step, given the schemas of the outcome and of the position. */
export const turnOf = <A, H>(outcome: Stored<A>, position: Stored<Position<H>>): Stored<Turn<A, H>> =>
  stored(
    Schema.Union(
      Schema.Struct({ _tag: Schema.Literal("Wait"), position }),
      Schema.Struct({ _tag: Schema.Literal("Done"), outcome })
    )
  )
