import { Effect } from "effect"
import { Dashboards } from "effect-reliability/cli"
import { describe, expect, it } from "vitest"
import { labelOf, rate } from "../../../src/cli/internal/dashboards/queries.js"
import { yamlOf } from "../../../src/cli/internal/dashboards/rules.js"
import { folderWith, hasPromtool, needsPromtool, promtool } from "../../support/prometheus.js"

const exprOf = (name: string, options?: Dashboards.Options): string => {
  const rules = Dashboards.rules(options).groups.flatMap(({ rules }) => rules)
  return rules.find((rule) => "alert" in rule && rule.alert === `Reliability${name}`)?.expr ?? "no such rule"
}

describe("Dashboards.rules", () => {
  it("compares with the thresholds of its options", () => {
    expect(exprOf("SuccessRatioLow")).toMatch(/ < 0\.95$/)
    expect(exprOf("SuccessRatioLow", { successRatio: 0.5 })).toMatch(/ < 0\.5$/)
    expect(exprOf("RetriesAmplify", { attemptsPerCall: 3 })).toMatch(/ > 3$/)
    expect(exprOf("LimiterQueueLong", { limiterWaiting: 7 })).toMatch(/ > 7$/)
    expect(exprOf("FirstTokenSlow")).toMatch(/ > 10$/)
    expect(exprOf("FirstTokenSlow", { firstToken: "1500 millis" })).toMatch(/ > 1\.5$/)
    expect(exprOf("ClientSideLoss", { clientSideLoss: 0 })).toMatch(/ > 0$/)
  })

  it("rejects invalid thresholds", () => {
    const rejects = (options: Dashboards.Options, message: RegExp) =>
      expect(() => Dashboards.rules(options)).toThrow(message)
    rejects({ successRatio: 95 }, /Dashboards\.rules: successRatio is 95; it must be .*1/)
    rejects({ clientSideLoss: -1 }, /clientSideLoss is -1/)
    rejects({ attemptsPerCall: 0.5 }, /attemptsPerCall is 0\.5/)
    rejects({ limiterWaiting: Number.NaN }, /limiterWaiting is NaN/)
    rejects({ firstToken: -1 }, /firstToken is -1/)
  })

  it("describes each alert in sentences", () => {
    for (const rule of Dashboards.rules().groups.flatMap(({ rules }) => rules)) {
      if (!("alert" in rule)) continue
      expect(rule.annotations.description, rule.alert).toMatch(/^[A-Z][^"]*\.$/)
      expect(rule.annotations.summary, rule.alert).toMatch(/^[A-Z{][^"]*[^.]$/)
      expect(rule.for).toMatch(/^\d+m$/)
    }
  })

  it("names no metric and no attribute that is not in Telemetry.names", () => {
    // @ts-expect-error an unknown metric
    expect(() => rate("unknown", { by: [] })({ window: "5m", where: {} })).toThrow(TypeError)
    // @ts-expect-error an attribute of other metrics
    rate("calls", { by: ["circuit"] })
    // @ts-expect-error a gauge
    rate("budget", { by: ["budget"] })
    expect(labelOf("model")).toBe("gen_ai_request_model")
  })

  it.skipIf(!hasPromtool)(`passes promtool, as YAML and as JSON${needsPromtool}`, () =>
    Effect.gen(function* () {
      const rules = Dashboards.rules()
      const folder = yield* folderWith({ "yaml.yml": yamlOf(rules), "json.yml": JSON.stringify(rules) })
      for (const file of ["yaml.yml", "json.yml"]) {
        const { output, status } = promtool(["check", "rules", `${folder}/${file}`])
        expect(output).toContain("14 rules found")
        expect(status, output).toBe(0)
      }
    }).pipe(Effect.scoped, Effect.runPromise)
  )
})

// -------------------------------------------------------------------------------------------------
// The alerts over given series
// -------------------------------------------------------------------------------------------------

interface Case {
  readonly title: string
  readonly alert: string
  /** Series in the notation of promtool: `0+3x30` is a counter that increases by 3 a minute for 30 minutes. */
  readonly series: Readonly<Record<string, string>>
  /** The minute of the evaluation. */
  readonly at: number
  readonly summaries: ReadonlyArray<string>
}

const call = (labels: string): string => `reliability_calls_total{job="j",reliability_workload="w"${labels}}`
const attempt = (labels: string): string => `reliability_attempts_total{job="j",reliability_workload="w"${labels}}`
const circuit = (metric: string, labels = ""): string =>
  `reliability_breaker_${metric}{job="j",reliability_breaker_key="k"${labels}}`

const ok = `,reliability_outcome="success"`
const down = `,reliability_outcome="Transient",error_type="Unavailable"`

const breakerOpen = "The circuit k has not been closed for 5 minutes"

const cases: ReadonlyArray<Case> = [
  {
    title: "fires for a model without any success, and not before 10 minutes",
    alert: "SuccessRatioLow",
    series: { [call(`${down},gen_ai_request_model="m"`)]: "0+6x30" },
    at: 12,
    summaries: ["Only 0% of the calls of w to m succeed"]
  },
  {
    title: "does not fire before the time of the alert",
    alert: "SuccessRatioLow",
    series: { [call(down)]: "0+6x30" },
    at: 9,
    summaries: []
  },
  {
    title: "names no model if there is none",
    alert: "SuccessRatioLow",
    series: { [call(ok)]: "0+6x30", [call(down)]: "0+6x30" },
    at: 20,
    summaries: ["Only 50% of the calls of w succeed"]
  },
  {
    title: "ignores a single failure, and calls that were aborted",
    alert: "SuccessRatioLow",
    series: {
      [call(ok)]: "0+1x30",
      [call(down)]: "0x10 1x20",
      [call(`,reliability_outcome="Fatal",error_type="Aborted"`)]: "0+60x30"
    },
    at: 18,
    summaries: []
  },
  {
    title: "is silent without calls",
    alert: "SuccessRatioLow",
    series: { [call(ok)]: "5x30", [call(down)]: "5x30" },
    at: 20,
    summaries: []
  },
  {
    title: "counts the attempts of a call",
    alert: "RetriesAmplify",
    series: { [call(ok)]: "0+6x30", [attempt(ok)]: "0+6x30", [attempt(down)]: "0+6x30" },
    at: 20,
    summaries: ["The calls of w take 2 attempts each"]
  },
  {
    title: "counts no attempts that an open circuit refused",
    alert: "RetriesAmplify",
    series: { [call(ok)]: "0+6x30", [attempt(ok)]: "0+6x30", [attempt(`,error_type="CircuitOpen"`)]: "0+60x30" },
    at: 20,
    summaries: []
  },
  {
    title: "fires if a circuit opens again after each trial",
    alert: "BreakerOpen",
    series: { [circuit("state")]: "0 2 1 2 2 1 2 1 2x30", [circuit("refusals_total")]: "0+1x40" },
    at: 8,
    summaries: [breakerOpen]
  },
  {
    title: "fires if each call of an open circuit is a trial",
    alert: "BreakerOpen",
    series: { [circuit("state")]: "2x40", [circuit("transitions_total", `,reliability_breaker_to="Open"`)]: "0+1x40" },
    at: 8,
    summaries: [breakerOpen]
  },
  {
    title: "is silent about an open circuit without calls",
    alert: "BreakerOpen",
    series: { [circuit("state")]: "2x40", [circuit("refusals_total")]: "0 9x40" },
    at: 30,
    summaries: []
  },
  {
    title: "counts attempts without a response only",
    alert: "ClientSideLoss",
    series: {
      [attempt(`${ok},reliability_delivery="Acknowledged"`)]: "0+6x30",
      [attempt(`${down},reliability_delivery="Acknowledged"`)]: "0+6x30",
      [attempt(`,reliability_outcome="Transient",error_type="Connect",reliability_delivery="NotSent"`)]: "0+4x30"
    },
    at: 20,
    summaries: ["25% of the attempts for calls of w get no response"]
  }
]

describe.skipIf(!hasPromtool)(`an alert${needsPromtool}`, () => {
  it.each(cases)("evaluates $alert: $title", ({ alert, at, series, summaries }) =>
    Effect.gen(function* () {
      const rule = Dashboards.rules().groups[1]?.rules.find((rule) => "alert" in rule && rule.alert.endsWith(alert))
      const tests = {
        rule_files: ["rules.yml"],
        evaluation_interval: "1m",
        tests: [
          {
            interval: "1m",
            input_series: Object.entries(series).map(([series, values]) => ({ series, values })),
            alert_rule_test: [{ eval_time: `${at}m`, alertname: `Reliability${alert}`, exp_alerts: [] }]
          }
        ]
      }
      const folder = yield* folderWith({ "rules.yml": yamlOf(Dashboards.rules()), "test.yml": JSON.stringify(tests) })
      const { output } = promtool(["test", "rules", `${folder}/test.yml`])
      // promtool prints the alerts that were not expected
      const found = [...output.matchAll(/summary="([^"]*)"/g)].map(([, summary]) => summary)
      expect(rule).toBeDefined()
      expect(found, output).toEqual(summaries)
      expect(output.includes("SUCCESS"), output).toBe(summaries.length === 0)
    }).pipe(Effect.scoped, Effect.runPromise)
  )
})
