import { describe, expect, it } from "@effect/vitest"
import { Effect, FastCheck } from "effect"
import { Simulator } from "effect-reliability/testing"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { stripVTControlCharacters } from "node:util"
import { afterAll } from "vitest"
import { paintOf } from "../../src/cli/internal/format.js"
import { distributionOf, durationText } from "../../src/cli/internal/simulate/charts.js"
import { binned, formatSeconds, rowsOf } from "../../src/cli/internal/simulate/figures.js"
import type { Simulation } from "../../src/cli/internal/simulate/model.js"
import { reportPage } from "../../src/cli/internal/simulate/reportPage.js"
import { progressText, sparkline, terminalReport } from "../../src/cli/internal/simulate/terminalReport.js"
import { misplaced } from "../support/html.js"
import { program, without } from "../support/program.js"
import { manifest } from "../support/project.js"

// -------------------------------------------------------------------------------------------------
// A small simulation
// -------------------------------------------------------------------------------------------------

const naive: Simulator.Report = {
  seed: 7,
  seconds: 8,
  calls: 80,
  succeeded: 50,
  failed: 30,
  attempts: 200,
  goodput: 0.8333,
  oracle: 60,
  attemptsPerSuccess: 4,
  amplification: 3.5,
  failures: { "RateExceeded (Attempts)": 20, "Unavailable (Attempts)": 10 },
  classes: {
    interactive: {
      calls: 80,
      succeeded: 50,
      failed: 30,
      p50: 20,
      p99: 1234,
      max: 1500,
      latencies: [
        { upTo: 25, count: 40 },
        { upTo: 1500, count: 10 }
      ]
    }
  },
  peak: 4,
  recovery: [{ at: 4 }],
  convergence: [{ at: 0, seconds: 0 }],
  tokens: { input: 50, output: 50, wasted: 3 },
  series: {
    started: [10, 10, 10, 10, 10, 10, 10, 10],
    sent: [10, 10, 40, 40, 40, 40, 10, 10],
    admitted: [10, 10, 0, 0, 10, 10, 10, 10],
    refused: [0, 0, 0, 0, 30, 30, 0, 0],
    failed: [0, 0, 40, 40, 0, 0, 0, 0],
    succeeded: [10, 10, 0, 0, 5, 5, 10, 10],
    gaveUp: [0, 0, 10, 10, 5, 5, 0, 0],
    oracle: [10, 10, 0, 0, 10, 10, 10, 10]
  }
}

const careful: Simulator.Report = {
  ...naive,
  succeeded: 60,
  failed: 0,
  attempts: 66,
  goodput: 1,
  attemptsPerSuccess: 1.1,
  amplification: 0.1,
  failures: {},
  classes: {
    interactive: {
      calls: 80,
      succeeded: 60,
      failed: 0,
      p50: 30,
      p99: 4000,
      max: 4000,
      latencies: [{ upTo: 30, count: 60 }]
    }
  },
  recovery: [{ at: 4, seconds: 1 }],
  tokens: { input: 60, output: 60, wasted: 0 },
  series: {
    ...naive.series,
    sent: naive.series.oracle,
    refused: [0, 0, 0, 0, 0, 0, 0, 0],
    succeeded: naive.series.oracle
  }
}

const simulation: Simulation = {
  version: 1,
  scenario: "outage",
  description: "A server for 10 requests per second is down for two seconds.",
  seed: 7,
  seconds: 8,
  warmUp: 0,
  troubles: [{ from: 2, to: 4 }],
  policies: { naive, careful }
}

const batch = {
  ...simulation,
  policies: {
    naive: { ...naive, classes: { ...naive.classes, batch: { calls: 0, succeeded: 0, failed: 0, latencies: [] } } }
  }
}

const counts = FastCheck.array(FastCheck.nat(1000), { minLength: 1, maxLength: 300 })

// -------------------------------------------------------------------------------------------------
// Figures
// -------------------------------------------------------------------------------------------------

describe("the figures", () => {
  it("averages seconds without losing counts", () => {
    FastCheck.assert(
      FastCheck.property(counts, FastCheck.integer({ min: 1, max: 120 }), (counts, most) => {
        const bins = binned(counts, most)
        expect(bins.length).toBe(Math.min(most, counts.length))
        expect(Math.max(...bins)).toBeLessThanOrEqual(Math.max(...counts))
        if (counts.length <= most) expect(bins).toEqual(counts)
        if (counts.length % bins.length === 0) {
          const sum = (of: ReadonlyArray<number>) => of.reduce((sum, count) => sum + count, 0)
          expect((sum(bins) * counts.length) / bins.length).toBeCloseTo(sum(counts), 5)
        }
      })
    )
    expect(binned([], 10)).toEqual([])
  })

  it("leaves out figures that no report has, and marks those that one report does not have", () => {
    const { goodput: _, recovery: __, ...rest } = naive
    const bare = { ...rest, recovery: [] }
    const values = (policies: Simulation["policies"], label: string) =>
      rowsOf({ ...simulation, policies }).find((row) => row.label.startsWith(label))?.values
    expect(values({ bare }, "goodput")).toBeUndefined()
    expect(values({ bare, careful }, "goodput")).toEqual(["–", "100.0 %"])
    expect(values({ bare, careful }, "longest recovery")).toEqual(["–", "1 s"])
    expect(values({ naive, careful }, "longest recovery")).toEqual(["never", "1 s"])
    expect(values({ careful }, "wasted")).toBeUndefined()
  })

  it("shows the durations of each class", () => {
    expect(rowsOf(simulation).map(({ label }) => label)).toContain("median duration")
    expect(rowsOf(batch).map(({ label }) => label)).toContain("median duration of interactive")
  })

  it("counts failed calls in the distribution of durations", () => {
    expect(distributionOf(naive, "interactive")).toEqual([
      [25, 0.5],
      [1500, 0.625]
    ])
    expect(distributionOf(naive, "unknown")).toEqual([])
  })

  it("formats times in units that fit", () => {
    expect([8, 60, 90, 3600, 5400, 86_400].map(formatSeconds)).toEqual([
      "8 s",
      "1 min",
      "1 min 30 s",
      "1 h",
      "1 h 30 min",
      "24 h"
    ])
    expect([30, 1000, 30_000].map(durationText)).toEqual(["30 ms", "1 s", "30 s"])
  })
})

// -------------------------------------------------------------------------------------------------
// The text
// -------------------------------------------------------------------------------------------------

describe("the text", () => {
  it("shows the figures of all policies, and the goodput and the load over time", () => {
    expect(terminalReport(simulation)).toMatchInlineSnapshot(`
      "outage: A server for 10 requests per second is down for two seconds.
      8 s of simulated time for each of 2 policies, seed 7.

                                        naive  careful
        goodput, of the oracle's       83.3 %  100.0 %
        attempts per success             4.00     1.10
        attempts per call in troubles    3.50     0.10
        calls                              80       80
        failed calls                       30        0
          RateExceeded (Attempts)          20        0
          Unavailable (Attempts)           10        0
        median duration                 20 ms    30 ms
        99th percentile                1.23 s   4.00 s
        peak, of the limit              4.00×    4.00×
        longest recovery                never      1 s
        longest convergence               0 s      0 s
        wasted tokens                       3        0

                 succeeded/s, up to 10  attempts/s, up to 40
        naive    ██▁▁▅▅██               ▃▃████▃▃
        careful  ██▁▁████               ▃▃▁▁▃▃▃▃
        oracle   ██▁▁████
        trouble    ━━                     ━━
                 one character: 1 s

        Oracle: Clients that know the state of the server, and send each request as
        soon as the server admits it.
        Peak: The most requests that arrived within a second. With slots, the most
        requests in progress.
        Recovery: The time after a trouble until successes were back at 95 % of their
        rate.
        Convergence: The time after a change of the limit until clients sent what the
        server admits.
      "
    `)
  })

  it("fits into the columns of a terminal", () => {
    for (const columns of [60, 80, 120]) {
      for (const shown of [simulation, batch, { ...simulation, description: "word ".repeat(60).trim() }]) {
        const widths = terminalReport(shown, { columns })
          .split("\n")
          .map((line) => [...line].length)
        expect(Math.max(...widths)).toBeLessThanOrEqual(columns)
      }
    }
  })

  it("prints the same words with colours", () => {
    const coloured = terminalReport(simulation, { paint: paintOf(true) })
    expect(coloured).not.toBe(terminalReport(simulation))
    expect(stripVTControlCharacters(coloured)).toBe(terminalReport(simulation))
  })

  it("draws sparklines from nothing to the maximum", () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8, 7)).toBe("▁▂▃▄▅▆▇█")
    expect(sparkline([0, 0, 4, 4], 2, 4)).toBe("▁█")
    expect(sparkline([9, 9], 2, 3)).toBe("██")
    expect(sparkline([0, 0], 2, 0)).toBe("▁▁")
  })

  it("shows the progress in a line that is narrower than the terminal", () => {
    expect(progressText("sdk", 0.5, 80)).toBe("simulating ████████████░░░░░░░░░░░░ 50 % sdk")
    for (const columns of [10, 30, 80]) {
      for (const share of [0, 0.333, 1]) {
        expect([...progressText("a policy with a long name", share, columns)].length).toBeLessThan(columns)
      }
    }
  })
})

// -------------------------------------------------------------------------------------------------
// The page
// -------------------------------------------------------------------------------------------------

/** Returns what a pattern captures, of all its matches. */
const captured = (text: string, pattern: RegExp): ReadonlyArray<string> =>
  [...text.matchAll(pattern)].map(([, found = ""]) => found)

describe("the page", () => {
  const page = reportPage(simulation)

  it("stays well-formed for any text", () => {
    expect(misplaced(page)).toEqual([])
    const strange = reportPage({
      ...simulation,
      scenario: `</style><script>alert("1")</script>`,
      description: "<b>& 'so' on",
      policies: { [`<i>"x" & y`]: naive, "</svg>": { ...careful, failures: { "<Odd> & reason": 1 } } }
    })
    expect(misplaced(strange)).toEqual([])
    expect(strange).not.toMatch(/<script|<i>|<b>/)
    expect(strange).toContain("&lt;Odd&gt; &amp; reason")
  })

  it("needs no scripts and no other files", () => {
    expect(page).not.toMatch(/<script|<link|<img|<image|@import|url\(|src=|href=|\son[a-z]+=/i)
    expect(page.replaceAll(/ xmlns="http:\/\/www\.w3\.org\/\d+\/svg"/g, "")).not.toMatch(/https?:/)
  })

  it("contains colours for light, dark and print", () => {
    expect(page).toContain("@media screen and (prefers-color-scheme: dark)")
    expect(page).toContain("@media print")
    // all colours of charts are variables of the style sheet
    const [, body = ""] = page.split("</head>")
    expect(captured(body, /(?:stroke|fill)="(?!none|currentColor|white|var\()([^"]*)"/g)).toEqual([])
    const defined = new Set(captured(page, /(--[\w-]+):/g))
    expect(captured(page, /var\((--[\w-]+)\)/g).filter((name) => !defined.has(name))).toEqual([])
  })

  it("draws each policy, and describes each chart in words", () => {
    const charts = captured(page, /(<svg[^>]*role="img"[^>]*>)/g)
    expect(charts).toHaveLength(3)
    const ids = captured(page, /\sid="([^"]*)"/g)
    expect(new Set(ids).size).toBe(ids.length)
    for (const [, title = "", description = ""] of charts.map(
      (tag) => /aria-labelledby="(\S+) (\S+)"/.exec(tag) ?? []
    )) {
      expect(page).toMatch(new RegExp(`<title id="${title}">[^<]+</title><desc id="${description}">[^<]+</desc>`))
    }
    expect(page).toContain("In 8 seconds, 50 calls succeeded and 30 failed.")
    expect(page).toContain("naive: 62.5 % in the end; careful: 100.0 % in the end.")
  })

  it("repeats the numbers of each chart in a table", () => {
    const tables = captured(page, /<details>.*?<table>(.*?)<\/table>/gs)
    expect(tables).toHaveLength(3)
    // the third second of the first policy: load, admitted, refused or failed, oracle, succeeded
    expect(tables[0]).toContain(`<th scope="row">2</th><td>40</td><td>0</td><td>40</td><td>0</td><td>0</td>`)
    expect(tables[2]).toContain(`<th scope="row">100 ms</th><td>50.0 %</td><td>100.0 %</td>`)
  })

  it("draws a line for each series, with as many points as seconds", () => {
    const lines = captured(page, /<g [^>]*aria-label="line"><path d="([^"]*)"/g)
    // five in each of two charts over time, two in the chart of durations
    expect(lines).toHaveLength(12)
    expect(lines[0]?.match(/[ML]/g)).toHaveLength(8)
  })

  it("stays small for a long simulation", () => {
    const long = Array.from({ length: 86_400 }, (_, second) => 40 + (second % 20))
    const series = Object.fromEntries(Object.keys(naive.series).map((name) => [name, long]))
    // the same keys
    const day = { ...naive, seconds: 86_400, series: series as unknown as Simulator.Series }
    const page = reportPage({ ...simulation, seconds: 86_400, policies: { day } })
    expect(page.length).toBeLessThan(40_000)
    expect(page).toContain("hours →")
  })

  it("says how high the load is if it does not fit into the chart", () => {
    const flood = { ...naive, series: { ...naive.series, sent: naive.series.sent.map((count) => count * 50) } }
    const note = "The load rises to 2000 attempts per second."
    expect(reportPage({ ...simulation, policies: { flood } })).toContain(note)
    expect(page).not.toContain("The load rises")
  })

  it("works without successes and without an oracle", () => {
    const none: Simulator.Report = {
      ...naive,
      succeeded: 0,
      classes: { interactive: { calls: 80, succeeded: 0, failed: 80, latencies: [] } },
      series: { ...naive.series, succeeded: [0, 0, 0, 0, 0, 0, 0, 0], oracle: [] }
    }
    const page = reportPage({ ...simulation, troubles: [], policies: { none } })
    expect(misplaced(page)).toEqual([])
    expect(page).not.toContain("NaN")
    expect(page).not.toContain("oracle: calls that could succeed")
    expect(terminalReport({ ...simulation, policies: { none } })).not.toContain("NaN")
  })
})

// -------------------------------------------------------------------------------------------------
// The program
// -------------------------------------------------------------------------------------------------

const simulate = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  program(["simulate", ...args], env)

const folder = mkdtempSync(`${tmpdir()}/simulate-`)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.concurrent("the program", () => {
  it.live("prints a report without colours or progress, and writes a page", () =>
    Effect.gen(function* () {
      const file = `${folder}/report.html`
      const args = [
        "--policies",
        " toolkit,none,none",
        "--rate",
        "5",
        "--duration",
        "45s",
        "--seed",
        "3",
        "--html",
        file
      ]
      const { status, stderr, stdout } = yield* simulate(args)
      expect([status, stderr]).toEqual([0, ""])
      expect(stdout).toMatch(/^outage: A server for 5 requests per second /)
      expect(stdout).toContain("\n45 s of simulated time for each of 2 policies, seed 3.\n")
      expect(stdout).toMatch(/^ +none +toolkit$/m)
      expect(stdout).toMatch(/^ {2}trouble +━+ +━+$/m)
      expect(stripVTControlCharacters(stdout)).toBe(stdout)
      const page = readFileSync(file, "utf8")
      expect(misplaced(page)).toEqual([])
      expect(page).toContain("Shaded: the server is in trouble from 30 s to 40 s.")
    })
  )

  it.live("prints the report of each policy as JSON", () =>
    Effect.gen(function* () {
      const args = [
        "--scenario",
        "limit",
        "--policies",
        "none",
        "--workers",
        "10",
        "--rate",
        "5",
        "--duration",
        "5s",
        "--json"
      ]
      const { status, stdout } = yield* simulate(args)
      expect(status).toBe(0)
      const scale = { perSecond: 5, workers: 10 }
      const reports = yield* Simulator.run({
        ...Simulator.scenario("limit", scale),
        duration: "5 seconds",
        policies: { none: Simulator.policies.none }
      })
      const { description } = Simulator.scenario("limit", scale)
      expect(JSON.parse(stdout)).toEqual({
        version: 1,
        scenario: "limit",
        description,
        seed: 1,
        seconds: 5,
        warmUp: 0,
        troubles: [],
        policies: reports
      })
    })
  )

  it.live("lists the valid names after a wrong one, and rejects a duration that is too short", () =>
    Effect.gen(function* () {
      const [scenario, policy, duration] = yield* Effect.all([
        simulate(["--scenario", "meteor"]),
        simulate(["--policies", "sdk,hope"]),
        simulate(["--scenario", "herd", "--duration", "10s"])
      ])
      const names = Simulator.scenarioNames.join(", ")
      expect([scenario.status, scenario.stderr]).toEqual([2, expect.stringContaining(names)])
      expect([policy.status, policy.stderr]).toEqual([
        2,
        `effect-reliability: --policies contains "hope"; the policies are none, documented, sdk, toolkit\n`
      ])
      expect([duration.status, duration.stderr]).toEqual([2, expect.stringContaining("must be more than 10s")])
      expect([scenario, policy, duration].map(({ stdout }) => stdout)).toEqual(["", "", ""])
    })
  )

  it.live("prints the command that installs the packages of charts", () =>
    Effect.gen(function* () {
      const env = { NODE_OPTIONS: without("@observablehq/plot") }
      const page = yield* simulate(["--duration", "2s", "--html", `${folder}/none.html`], env)
      const ranges = manifest.peerDependencies
      expect([page.status, page.stdout, page.stderr]).toEqual([
        70,
        "",
        `effect-reliability: --html needs two more packages: npm install --save-dev "@observablehq/plot@${ranges["@observablehq/plot"]}" "linkedom@${ranges["linkedom"]}"\n`
      ])
    })
  )

  it.live("needs the packages of charts only for a page", () =>
    Effect.gen(function* () {
      const env = { NODE_OPTIONS: without("linkedom") }
      const { status, stderr } = yield* simulate(["--policies", "none", "--rate", "2", "--duration", "2s"], env)
      expect([status, stderr]).toEqual([0, ""])
    })
  )
})
