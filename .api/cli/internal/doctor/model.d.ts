import * as Schema from "effect/Schema"
export declare const StepName: Schema.Literal<["proxy", "dns", "tcp", "tls", "http", "key", "model", "metrics"]>
export type StepName = typeof StepName.Type
export declare const Side: Schema.Literal<["yours", "provider", "account", "unclear"]>
export type Side = typeof Side.Type
declare const StepStruct: Schema.Struct<{
  name: Schema.Literal<["proxy", "dns", "tcp", "tls", "http", "key", "model", "metrics"]>
  status: Schema.Literal<["ok", "failed", "skipped"]>
  summary: typeof Schema.String
  lines: Schema.Array$<typeof Schema.String>
  millis: Schema.optional<typeof Schema.Number>
}>
export interface Step extends Schema.Schema.Type<typeof StepStruct> {}
export interface StepEncoded extends Schema.Schema.Encoded<typeof StepStruct> {}
export declare const Step: Schema.Schema<Step, StepEncoded>
declare const FindingStruct: Schema.Struct<{
  code: typeof Schema.String
  step: Schema.Literal<["proxy", "dns", "tcp", "tls", "http", "key", "model", "metrics"]>
  severity: Schema.Literal<["problem", "note"]>
  side: Schema.Literal<["yours", "provider", "account", "unclear"]>
  title: typeof Schema.String
  evidence: Schema.Array$<typeof Schema.String>
  next: Schema.Array$<typeof Schema.String>
}>
export interface Finding extends Schema.Schema.Type<typeof FindingStruct> {}
export interface FindingEncoded extends Schema.Schema.Encoded<typeof FindingStruct> {}
export declare const Finding: Schema.Schema<Finding, FindingEncoded>
declare const SectionStruct: Schema.Struct<{
  counts: Schema.Struct<{
    from: typeof Schema.Number
    to: typeof Schema.Number
    requests: typeof Schema.Number
    errors: typeof Schema.Number
    byStatus: Schema.Record$<typeof Schema.String, typeof Schema.Number>
    coverage: typeof Schema.Number
    resolution: typeof Schema.Number
  }>
  lines: Schema.Array$<typeof Schema.String>
}>
export interface Section extends Schema.Schema.Type<typeof SectionStruct> {}
export interface SectionEncoded extends Schema.Schema.Encoded<typeof SectionStruct> {}
export declare const Section: Schema.Schema<Section, SectionEncoded>
declare const SettingStruct: Schema.Struct<{
  variable: typeof Schema.String
  value: typeof Schema.String
  source: Schema.Literal<["environment", "default", "invalid"]>
}>
export interface Setting extends Schema.Schema.Type<typeof SettingStruct> {}
export interface SettingEncoded extends Schema.Schema.Encoded<typeof SettingStruct> {}
export declare const Setting: Schema.Schema<Setting, SettingEncoded>
declare const ReportStruct: Schema.Struct<{
  version: Schema.Literal<[1]>
  url: typeof Schema.String
  at: typeof Schema.Number
  timeout: typeof Schema.Number
  healthy: typeof Schema.Boolean
  steps: Schema.Array$<Schema.Schema<Step, StepEncoded, never>>
  findings: Schema.Array$<Schema.Schema<Finding, FindingEncoded, never>>
  server: Schema.optional<Schema.Schema<Section, SectionEncoded, never>>
  configuration: Schema.optional<Schema.Array$<Schema.Schema<Setting, SettingEncoded, never>>>
}>
export interface Report extends Schema.Schema.Type<typeof ReportStruct> {}
export interface ReportEncoded extends Schema.Schema.Encoded<typeof ReportStruct> {}
export declare const Report: Schema.Schema<Report, ReportEncoded>
export {}
