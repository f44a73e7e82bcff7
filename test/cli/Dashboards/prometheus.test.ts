/** A real Prometheus scrapes the example, and evaluates the panels and the rules. */
import { Effect, Schedule } from "effect"
import { Dashboards } from "effect-reliability/cli"
import { describe, expect, it } from "vitest"
import { sections } from "../../../src/cli/internal/dashboards/panels.js"
import { hasPrometheus, needsPrometheus, prometheusServer, started } from "../../support/prometheus.js"

interface Sample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
}

const get = (url: string) => Effect.promise(async () => (await (await fetch(url)).json()) as unknown)

const query = (server: string, expr: string) =>
  Effect.map(get(`${server}/api/v1/query?query=${encodeURIComponent(expr)}`), (response) => {
    const { data, error } = response as {
      readonly data?: { readonly result: ReadonlyArray<Sample> }
      readonly error?: string
    }
    return { error, samples: data?.result ?? [] }
  })

/** Replaces the variables of Grafana by the selection of all. */
const selected = (expr: string): string =>
  expr.replaceAll("$__rate_interval", "1m").replaceAll(/\$(job|workload|model)\b/g, ".*")

interface Target {
  readonly title: string
  readonly expr: string
  readonly legendFormat: string
}

const targets: ReadonlyArray<Target> = Dashboards.grafana().panels.flatMap(({ targets, title }) =>
  ((targets ?? []) as ReadonlyArray<Omit<Target, "title">>).map((target) => ({ ...target, title: String(title) }))
)

/** The queries without a number in their result. */
const empty = (server: string) =>
  Effect.filter(targets, ({ expr }) =>
    Effect.map(query(server, selected(expr)), ({ samples }) =>
      samples.every(({ value }) => !Number.isFinite(Number(value[1])))
    )
  )

/** The rules, whose alerts fire at once. */
const impatient: Dashboards.RuleFile = {
  groups: Dashboards.rules().groups.map(({ name, rules }) => ({
    name,
    rules: rules.map((rule) => ("alert" in rule ? { ...rule, for: "0s" } : rule))
  }))
}

interface Alerting {
  readonly name: string
  readonly type: string
  readonly health: string
  readonly alerts?: ReadonlyArray<{ readonly state: string; readonly annotations: Readonly<Record<string, string>> }>
}

const rulesOf = (server: string) =>
  Effect.map(get(`${server}/api/v1/rules`), (response) => {
    const { data } = response as {
      readonly data: { readonly groups: ReadonlyArray<{ readonly rules: ReadonlyArray<Alerting> }> }
    }
    return data.groups.flatMap(({ rules }) => rules)
  })

const firing = (rules: ReadonlyArray<Alerting>) =>
  rules.filter(({ alerts = [] }) => alerts.some(({ state }) => state === "firing")).map(({ name }) => name)

const expected = ["SuccessRatioLow", "BreakerOpen", "ClientSideLoss", "StoreOutage"].map((name) => `Reliability${name}`)

/** The summary for the model that is down. */
const summary = "Only 0% of the calls of interactive to a-model-down succeed"

const summariesOf = (rules: ReadonlyArray<Alerting>) =>
  rules.flatMap(({ alerts = [] }) => alerts.map(({ annotations }) => annotations["summary"]))

const atIntervals = Schedule.spaced("500 millis")

describe("Prometheus", () => {
  it.skipIf(!hasPrometheus)(`finds data for each panel of the example, and fires its alerts${needsPrometheus}`, () =>
    Effect.gen(function* () {
      const example = yield* started(
        process.execPath,
        ["--import", "tsx", "test/examples/dashboards.ts"],
        /^http:\/\/(\S+)\/metrics$/m
      )
      const server = yield* prometheusServer(
        {
          global: { scrape_interval: "500ms", evaluation_interval: "500ms" },
          rule_files: ["rules.yml"],
          scrape_configs: [{ job_name: "example", static_configs: [{ targets: [example] }] }]
        },
        { "rules.yml": JSON.stringify(impatient) }
      )
      const complete = { schedule: atIntervals, until: (left: ReadonlyArray<unknown>) => left.length === 0 }
      yield* Effect.repeat(empty(server), complete).pipe(
        Effect.timeout("2 minutes"),
        Effect.orElse(() =>
          Effect.flatMap(empty(server), (left) => Effect.sync(() => expect(left, "empty").toEqual([])))
        )
      )
      yield* Effect.repeat(rulesOf(server), {
        schedule: atIntervals,
        until: (rules) => expected.every((name) => firing(rules).includes(name)) && summariesOf(rules).includes(summary)
      }).pipe(Effect.timeout("2 minutes"), Effect.ignore)

      const rules = yield* rulesOf(server)
      const named = impatient.groups.flatMap(({ rules }) =>
        rules.map((rule) => ("alert" in rule ? rule.alert : rule.record))
      )
      expect(rules.map(({ name }) => name).toSorted()).toEqual(named.toSorted())
      expect(rules.filter(({ health }) => health !== "ok")).toEqual([])
      expect(firing(rules)).toEqual(expect.arrayContaining(expected))
      expect(summariesOf(rules)).toContain(summary)

      const law = yield* Effect.forEach(
        targets.filter(({ title }) => title === "Dashboard law"),
        ({ expr }) => Effect.map(query(server, selected(expr)), ({ samples }) => Number(samples[0]?.value[1]))
      )
      const [sent = NaN, atLeast = NaN, atMost = NaN] = law
      expect(sent).toBeGreaterThan(atMost)
      expect(atMost).toBeGreaterThan(atLeast)

      for (const { expr, legendFormat, title } of targets) {
        const { error, samples } = yield* query(server, selected(expr))
        expect(error, title).toBeUndefined()
        const labels = new Set(samples.flatMap(({ metric }) => Object.keys(metric)))
        const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label)
        expect(
          named.filter((label) => !labels.has(label)),
          `${title}: labels without a value`
        ).toEqual([])
      }
    }).pipe(Effect.scoped, Effect.runPromise)
  )
})

describe("a query of a panel", () => {
  it("belongs to each panel, so that the test above evaluates all of them", () => {
    const titles = sections.flatMap(({ panels }) => panels.map(({ title }) => title))
    expect([...new Set(targets.map(({ title }) => title))]).toEqual(titles)
  })
})
