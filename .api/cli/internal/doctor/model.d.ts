import * as Schema from "effect/Schema"
export declare const StepName: Schema.Literal<["proxy", "dns", "tcp", "tls", "http", "key", "model", "metrics"]>
export type StepName = typeof StepName.Type
export declare const Side: Schema.Literal<["yours", "provider", "account", "unclear"]>
export type Side = typeof Side.Type
export declare const Step: Schema.Struct<{
  name: Schema.Literal<["proxy", "dns", "tcp", "tls", "http", "key", "model", "metrics"]>
  status: Schema.Literal<["ok", "failed", "skipped"]>
  summary: typeof Schema.String
  lines: Schema.Array$<typeof Schema.String>
  millis: Schema.optional<typeof Schema.Number>
}>
export type Step = typeof Step.Type
export declare const Finding: Schema.Struct<{
  code: typeof Schema.String
  step: Schema.Literal<["proxy", "dns", "tcp", "tls", "http", "key", "model", "metrics"]>
  severity: Schema.Literal<["problem", "note"]>
  side: Schema.Literal<["yours", "provider", "account", "unclear"]>
  title: typeof Schema.String
  evidence: Schema.Array$<typeof Schema.String>
  next: Schema.Array$<typeof Schema.String>
}>
export type Finding = typeof Finding.Type
export declare const Section: Schema.Struct<{
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
export type Section = typeof Section.Type
export declare const Report: Schema.Struct<{
  version: Schema.Literal<[1]>
  url: typeof Schema.String
  at: typeof Schema.Number
  timeout: typeof Schema.Number
  healthy: typeof Schema.Boolean
  steps: Schema.Array$<
    Schema.Struct<{
      name: Schema.Literal<["proxy", "dns", "tcp", "tls", "http", "key", "model", "metrics"]>
      status: Schema.Literal<["ok", "failed", "skipped"]>
      summary: typeof Schema.String
      lines: Schema.Array$<typeof Schema.String>
      millis: Schema.optional<typeof Schema.Number>
    }>
  >
  findings: Schema.Array$<
    Schema.Struct<{
      code: typeof Schema.String
      step: Schema.Literal<["proxy", "dns", "tcp", "tls", "http", "key", "model", "metrics"]>
      severity: Schema.Literal<["problem", "note"]>
      side: Schema.Literal<["yours", "provider", "account", "unclear"]>
      title: typeof Schema.String
      evidence: Schema.Array$<typeof Schema.String>
      next: Schema.Array$<typeof Schema.String>
    }>
  >
  server: Schema.optional<
    Schema.Struct<{
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
  >
}>
export type Report = typeof Report.Type
