/**
 * The steps, findings and reports of the doctor.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The steps, in their order.
 *
 * @since 0.1.0
 * @category schemas
 */
export const StepName = /*#__PURE__*/ Schema.Literal("proxy", "dns", "tcp", "tls", "http", "key", "model", "metrics")

/**
 * The steps, in their order.
 *
 * @since 0.1.0
 * @category model
 */
export type StepName = typeof StepName.Type

/**
 * Who can do something about it: whoever runs this program and its network, whoever runs the API, or who has the account.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Side = /*#__PURE__*/ Schema.Literal("yours", "provider", "account", "unclear")

/**
 * Who can do something about it.
 *
 * @since 0.1.0
 * @category model
 */
export type Side = typeof Side.Type

const StepStruct = /*#__PURE__*/ Schema.Struct({
  name: StepName,
  status: /*#__PURE__*/ Schema.Literal("ok", "failed", "skipped"),
  summary: Schema.String,
  lines: /*#__PURE__*/ Schema.Array(Schema.String),
  /** How long it took. */
  millis: /*#__PURE__*/ Schema.optional(Schema.Number)
})

/**
 * What became of a step.
 *
 * @since 0.1.0
 * @category model
 */
export interface Step extends Schema.Schema.Type<typeof StepStruct> {}

/**
 * The JSON form of `Step`.
 *
 * @since 0.2.0
 * @category model
 */
export interface StepEncoded extends Schema.Schema.Encoded<typeof StepStruct> {}

/**
 * What became of a step.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Step: Schema.Schema<Step, StepEncoded> = StepStruct

const FindingStruct = /*#__PURE__*/ Schema.Struct({
  /** The step and a word that stays the same, such as `dns.not-found`. */
  code: Schema.String,
  step: StepName,
  severity: /*#__PURE__*/ Schema.Literal("problem", "note"),
  side: Side,
  title: Schema.String,
  evidence: /*#__PURE__*/ Schema.Array(Schema.String),
  /** What to do. */
  next: /*#__PURE__*/ Schema.Array(Schema.String)
})

/**
 * Something that was found.
 *
 * @since 0.1.0
 * @category model
 */
export interface Finding extends Schema.Schema.Type<typeof FindingStruct> {}

/**
 * The JSON form of `Finding`.
 *
 * @since 0.2.0
 * @category model
 */
export interface FindingEncoded extends Schema.Schema.Encoded<typeof FindingStruct> {}

/**
 * Something that was found: a problem, or a note, with which the API can be used.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Finding: Schema.Schema<Finding, FindingEncoded> = FindingStruct

const SectionStruct = /*#__PURE__*/ Schema.Struct({
  counts: /*#__PURE__*/ Schema.Struct({
    from: Schema.Number,
    to: Schema.Number,
    requests: Schema.Number,
    errors: Schema.Number,
    byStatus: /*#__PURE__*/ Schema.Record({ key: Schema.String, value: Schema.Number }),
    coverage: Schema.Number,
    resolution: Schema.Number
  }),
  lines: /*#__PURE__*/ Schema.Array(Schema.String)
})

/**
 * What the servers counted, and what that says.
 *
 * @since 0.1.0
 * @category model
 */
export interface Section extends Schema.Schema.Type<typeof SectionStruct> {}

/**
 * The JSON form of `Section`.
 *
 * @since 0.2.0
 * @category model
 */
export interface SectionEncoded extends Schema.Schema.Encoded<typeof SectionStruct> {}

/**
 * What the servers counted of a deployment, and what that says about what was found.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Section: Schema.Schema<Section, SectionEncoded> = SectionStruct

const ReportStruct = /*#__PURE__*/ Schema.Struct({
  version: /*#__PURE__*/ Schema.Literal(1),
  /** Scheme, host and port. */
  url: Schema.String,
  /** When it began, in milliseconds of wall time. */
  at: Schema.Number,
  /** What each step was given, in milliseconds. */
  timeout: Schema.Number,
  /** Whether there is no problem. */
  healthy: Schema.Boolean,
  steps: /*#__PURE__*/ Schema.Array(Step),
  findings: /*#__PURE__*/ Schema.Array(Finding),
  server: /*#__PURE__*/ Schema.optional(Section)
})

/**
 * The report of an examination.
 *
 * @since 0.1.0
 * @category model
 */
export interface Report extends Schema.Schema.Type<typeof ReportStruct> {}

/**
 * The JSON form of `Report`.
 *
 * @since 0.2.0
 * @category model
 */
export interface ReportEncoded extends Schema.Schema.Encoded<typeof ReportStruct> {}

/**
 * The report of an examination. A later version may have more fields; these stay.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Report: Schema.Schema<Report, ReportEncoded> = ReportStruct
