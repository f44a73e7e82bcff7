/**
 * The steps, findings and reports of the doctor.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { sides } from "../../../internal/reasons.js"

/**
 * The names of the steps, in order.
 *
 * @since 0.1.0
 * @category schemas
 */
export const StepName = /*#__PURE__*/ Schema.Literal("proxy", "dns", "tcp", "tls", "http", "key", "model", "metrics")

/**
 * The names of the steps, in order.
 *
 * @since 0.1.0
 * @category model
 */
export type StepName = typeof StepName.Type

/**
 * The side that can solve a problem: `yours` is this machine and its network, `provider` the API, `account` the owner of the
 * account; `unclear` is the network between, or the provider.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Side = /*#__PURE__*/ Schema.Literal(...sides)

/**
 * The side that can solve a problem.
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
  /** The duration of the step, in milliseconds; absent if it was not measured. */
  millis: /*#__PURE__*/ Schema.optional(Schema.Number)
})

/**
 * The result of a step.
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
 * The result of a step.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Step: Schema.Schema<Step, StepEncoded> = StepStruct

const FindingStruct = /*#__PURE__*/ Schema.Struct({
  /** A stable code: the step, and a name such as `dns.not-found`. */
  code: Schema.String,
  step: StepName,
  severity: /*#__PURE__*/ Schema.Literal("problem", "note"),
  side: Side,
  title: Schema.String,
  evidence: /*#__PURE__*/ Schema.Array(Schema.String),
  /** Instructions, each for one thing to do. */
  next: /*#__PURE__*/ Schema.Array(Schema.String)
})

/**
 * A problem or a note.
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
 * A problem, or a note; with notes alone, the API can be used.
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
 * The server counts of a deployment, and their meaning.
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
 * The server counts of a deployment, and their meaning for the findings.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Section: Schema.Schema<Section, SectionEncoded> = SectionStruct

const SettingStruct = /*#__PURE__*/ Schema.Struct({
  /** The name of the environment variable. */
  variable: Schema.String,
  /** The value in effect. A secret is not shown. */
  value: Schema.String,
  /** The origin of the value: the variable or an option, or the default; `invalid` if the variable cannot be used. */
  source: /*#__PURE__*/ Schema.Literal("environment", "default", "invalid")
})

/**
 * A setting that an environment variable can change.
 *
 * @since 0.2.0
 * @category model
 */
export interface Setting extends Schema.Schema.Type<typeof SettingStruct> {}

/**
 * The JSON form of `Setting`.
 *
 * @since 0.2.0
 * @category model
 */
export interface SettingEncoded extends Schema.Schema.Encoded<typeof SettingStruct> {}

/**
 * A setting that an environment variable can change.
 *
 * @since 0.2.0
 * @category schemas
 */
export const Setting: Schema.Schema<Setting, SettingEncoded> = SettingStruct

const ReportStruct = /*#__PURE__*/ Schema.Struct({
  version: /*#__PURE__*/ Schema.Literal(1),
  /** The scheme, host and port. */
  url: Schema.String,
  /** When the examination began, in milliseconds of wall time. */
  at: Schema.Number,
  /** The timeout of each step, in milliseconds. */
  timeout: Schema.Number,
  /** True if no problem was found. */
  healthy: Schema.Boolean,
  steps: /*#__PURE__*/ Schema.Array(Step),
  findings: /*#__PURE__*/ Schema.Array(Finding),
  server: /*#__PURE__*/ Schema.optional(Section),
  /** The effective configuration, by environment variable. Reports of version 0.1.0 have none. */
  configuration: /*#__PURE__*/ Schema.optional(/*#__PURE__*/ Schema.Array(Setting))
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
 * The report of an examination. Later versions may add fields, and keep these.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Report: Schema.Schema<Report, ReportEncoded> = ReportStruct
