import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Telemetry } from "effect-reliability"
import { Dashboards } from "effect-reliability/cli"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { afterAll } from "vitest"
import { program } from "../../support/program.js"

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly datasource?: { readonly uid: string }
  readonly targets?: ReadonlyArray<{ readonly refId: string; readonly expr: string }>
}

const panels = Dashboards.grafana().panels as unknown as ReadonlyArray<Panel>
const exprs = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

describe("Dashboards.grafana", () => {
  it("shows what a reader of the metrics asks", () => {
    const titles = panels.map(({ title }) => title)
    for (const title of [
      "Success ratio",
      "Attempts per call",
      "Retries suppressed",
      "Breaker state",
      "Limiter wait",
      "Time to first token",
      "Dashboard law",
      "Loss by side",
      "Tokens per minute"
    ]) {
      expect(titles).toContain(title)
    }
  })

  it("places panels side by side, each with an id of its own", () => {
    const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`)
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(Math.max(...panels.map(({ gridPos: { w, x } }) => x + w))).toBe(24)
    expect(panels.every(({ gridPos }) => Object.values(gridPos).every(Number.isInteger))).toBe(true)
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  })

  it("describes each panel, and reads from the selected data source", () => {
    for (const { datasource, description, targets, title, type } of panels) {
      if (type === "row") continue
      expect(description, title).toMatch(/^[A-Z1].*\.$/)
      expect(datasource?.uid).toBe("${datasource}")
      expect(targets?.map(({ refId }) => refId).join("")).toBe("ABC".slice(0, targets?.length))
    }
  })

  it("selects the series of its variables in each query of calls", () => {
    for (const expr of exprs) {
      const selections = [...expr.matchAll(/(\w+)\{([^}]*)\}/g)]
      expect(selections.length, expr).toBeGreaterThan(0)
      for (const [, metric = "", matchers] of selections) {
        expect(matchers).toContain(`job=~"$job"`)
        const of = Object.values(Telemetry.names).find(({ name }) => metric.startsWith(name.replaceAll(".", "_")))
        expect(matchers?.includes(`reliability_workload=~"$workload"`), metric).toBe(
          of?.attributes.includes("workload")
        )
      }
      expect(expr).not.toMatch(/\[(?!\$__rate_interval\])/)
    }
  })
})

describe("effect-reliability dashboards", () => {
  const folder = mkdtempSync(`${tmpdir()}/dashboards-`)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.live("prints the dashboard as JSON", () =>
    Effect.gen(function* () {
      const { status, stderr, stdout } = yield* program(["dashboards"])
      expect([status, stderr]).toEqual([0, ""])
      expect(JSON.parse(stdout)).toEqual(Dashboards.grafana())
    })
  )

  it.live("prints the rules as YAML", () =>
    Effect.gen(function* () {
      const { status, stdout } = yield* program(["dashboards", "--format", "rules"])
      expect(status).toBe(0)
      expect(stdout).toMatch(/^groups:\n {2}- name: 'effect-reliability.recordings'\n {4}rules:\n {6}- record: '/)
    })
  )

  it.live("writes files to a new folder, all or those of a format", () =>
    Effect.gen(function* () {
      const [all, one] = [`${folder}/new/all`, `${folder}/one`]
      const files = ["effect-reliability.dashboard.json", "effect-reliability.rules.yml"]
      const both = yield* program(["dashboards", "--out", all])
      expect(both).toMatchObject({ status: 0, stdout: files.map((file) => `${all}/${file}\n`).join("") })
      expect(JSON.parse(readFileSync(`${all}/${files[0]}`, "utf8"))).toEqual(Dashboards.grafana())
      expect((yield* program(["dashboards", "--format", "rules", "--out", one])).status).toBe(0)
      expect(readdirSync(one)).toEqual([files[1]])
    })
  )

  it.live("reports wrong usage with exit code 2", () =>
    Effect.gen(function* () {
      writeFileSync(`${folder}/file`, "")
      const { status, stderr } = yield* program(["dashboards", "--out", `${folder}/file/below`])
      expect(status).toBe(2)
      expect(stderr).toMatch(/^effect-reliability: --out: .*file/)
      expect((yield* program(["dashboards", "--format", "html"])).status).toBe(2)
      expect(existsSync(`${folder}/file/below`)).toBe(false)
    })
  )
})
