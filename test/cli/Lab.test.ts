import { describe, expect, it } from "@effect/vitest"
import { Effect, FastCheck, Redacted } from "effect"
import { Fault, FaultServer } from "effect-reliability/testing"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { availableParallelism, loadavg, tmpdir } from "node:os"
import { stripVTControlCharacters } from "node:util"
import { afterAll } from "vitest"
import { formatMillis, paintOf } from "../../src/cli/internal/format.js"
import * as Lab from "../../src/cli/internal/lab/lab.js"
import type { Line, Report, Segment, WorkloadName } from "../../src/cli/internal/lab/model.js"
import { cellsOf, isLawful, isMet } from "../../src/cli/internal/lab/run.js"
import { scenarios } from "../../src/cli/internal/lab/scenarios.js"
import { bar, boardAfter, boardText, emptyBoard, headText, linesText } from "../../src/cli/internal/lab/text.js"
import { formatArrivals, place, widthOf } from "../../src/cli/internal/lab/timeline.js"
import { misplaced } from "../support/html.js"
import { program, without } from "../support/program.js"
import { manifest } from "../support/project.js"

// -------------------------------------------------------------------------------------------------
// A small report
// -------------------------------------------------------------------------------------------------

const segment = (kind: Segment["kind"], from: number, to: number, failed: boolean, label: string): Segment => ({
  kind,
  from,
  to,
  failed,
  label
})

const saved: Line = {
  fault: "503, 2 times",
  rule: "guide: retry with backoff",
  workload: "interactive",
  truncated: false,
  ours: {
    segments: [
      segment("attempt", 0, 5, true, "Unavailable, HTTP 503, Acknowledged"),
      segment("wait", 5, 20, false, "backoff"),
      segment("attempt", 20, 25, true, "Unavailable, HTTP 503, Acknowledged"),
      segment("wait", 25, 60, false, "backoff"),
      segment("attempt", 60, 64, false, "success")
    ],
    millis: 64,
    ok: true,
    outcome: "success",
    delivery: undefined,
    events: undefined,
    arrived: [503, 503, 200],
    executed: 3
  },
  theirs: {
    segments: [
      segment("attempt", 0, 5, true, "HTTP 503"),
      segment("wait", 5, 500, false, "backoff"),
      segment("attempt", 500, 504, false, "HTTP 200")
    ],
    millis: 504,
    ok: true,
    outcome: "success",
    delivery: undefined,
    events: undefined,
    arrived: [503, 503, 200],
    executed: 3
  },
  counted: { acknowledged: 3, partial: 0, unconfirmed: 0, notSent: 0 },
  expected: "success, 3 requests",
  mustFail: false,
  met: true,
  again: false
}

const lost: Line = {
  ...saved,
  fault: "<reset> & gone",
  rule: "the request may have arrived",
  workload: "batchSubmission",
  ours: {
    ...saved.ours,
    segments: [segment("attempt", 0, 9, true, 'ConnectionLost, "Unconfirmed"')],
    millis: 9,
    ok: false,
    outcome: "ConnectionLost",
    delivery: "Unconfirmed",
    arrived: [undefined],
    executed: 1
  },
  theirs: { ...saved.ours, arrived: [undefined, 200], executed: 2 },
  counted: { acknowledged: 0, partial: 0, unconfirmed: 1, notSent: 0 },
  expected: "ConnectionLost, Unconfirmed, 1 request",
  mustFail: true
}

const truncated: Line = {
  ...lost,
  fault: "stream just stops",
  workload: "agentic",
  truncated: true,
  ours: {
    ...lost.ours,
    segments: [segment("attempt", 0, 2, false, "success"), segment("stream", 2, 9, true, "StreamBroken")],
    outcome: "StreamBroken",
    delivery: "Partial",
    events: 3,
    arrived: [200]
  },
  theirs: {
    ...lost.ours,
    segments: [segment("attempt", 0, 2, false, "HTTP 200"), segment("stream", 2, 9, false, "success")],
    ok: true,
    outcome: "success",
    delivery: undefined,
    events: 3,
    arrived: [200]
  },
  counted: { acknowledged: 1, partial: 0, unconfirmed: 0, notSent: 0 },
  expected: "StreamBroken, Partial, 1 request"
}

const report: Report = {
  version: 1,
  scale: 100,
  server: "servers on this machine",
  at: Date.UTC(2026, 5, 7, 12),
  millis: 1234,
  openai: "6.49.0",
  lines: [saved, lost, truncated]
}

// -------------------------------------------------------------------------------------------------
// Timelines
// -------------------------------------------------------------------------------------------------

const segments = FastCheck.array(
  FastCheck.record({
    kind: FastCheck.constantFrom("attempt" as const, "wait" as const, "stream" as const),
    millis: FastCheck.oneof(FastCheck.constant(0), FastCheck.double({ min: 0, max: 1e7, noNaN: true })),
    failed: FastCheck.boolean()
  }),
  { maxLength: 40 }
).map((all) => {
  let from = 0
  return all.map(({ failed, kind, millis }) => segment(kind, from, (from += millis), failed, kind))
})

describe("a timeline", () => {
  it("gives each segment a part of the width, by its length", () => {
    FastCheck.assert(
      FastCheck.property(segments, FastCheck.integer({ min: 1, max: 500 }), (all, width) => {
        const placed = place(all, width, 1)
        expect(placed.map(({ segment }) => segment)).toEqual(all)
        const least = Math.min(1, width / Math.max(1, all.length))
        let end = 0
        for (const one of placed) {
          expect(one.start).toBe(end)
          expect(one.end - one.start).toBeGreaterThanOrEqual(least - 1e-6)
          end = one.end
        }
        if (all.some(({ from, to }) => to > from)) expect(end).toBeCloseTo(width, 5)
      }),
      { numRuns: 200 }
    )
  })

  it("fills its cells, if its segments fit", () => {
    FastCheck.assert(
      FastCheck.property(segments, (all) => {
        FastCheck.pre(all.length <= 22 && all.some(({ from, to }) => to > from))
        expect([...bar(all)].length).toBe(22)
        expect(stripVTControlCharacters(bar(all, { paint: paintOf(true) }))).toBe(bar(all))
      }),
      { numRuns: 200 }
    )
    expect(bar([])).toBe(" ".repeat(22))
  })

  it("uses the scale of the longest timeline of its line", () => {
    FastCheck.assert(
      FastCheck.property(segments, FastCheck.double({ min: 1, max: 1e8, noNaN: true }), (all, scale) => {
        const width = widthOf(all, scale, 400, 7)
        expect(width).toBeLessThanOrEqual(400)
        expect(width).toBeGreaterThanOrEqual(Math.min(400, 7 * all.length))
      }),
      { numRuns: 200 }
    )
    const all = [segment("attempt", 0, 50, false, "success")]
    expect(bar(all, { scale: 100, cells: 10 })).toBe("━━━━✓     ")
    expect(bar(all, { scale: 5000, cells: 10 })).toBe("✓         ")
    expect(bar(all, { cells: 10 })).toBe("━━━━━━━━━✓")
  })

  it("formats times and statuses in a few characters", () => {
    expect([0, 7.4, 99, 100, 640, 12_345, 1_800_000].map(formatMillis)).toEqual([
      "0 ms",
      "7 ms",
      "99 ms",
      "0.10 s",
      "0.64 s",
      "12.3 s",
      "1800.0 s"
    ])
    expect(formatArrivals([503, 503, undefined, 200])).toBe("503×2 – 200")
    expect([formatArrivals([]), formatArrivals(undefined)]).toEqual(["nothing", ""])
  })
})

// -------------------------------------------------------------------------------------------------
// The text
// -------------------------------------------------------------------------------------------------

describe("the text", () => {
  it("shows a matrix, and then the timeline, the outcome and the requests of each call", () => {
    expect(Lab.render(report)).toMatchInlineSnapshot(`
      "The lab makes 3 calls against servers on this machine, and the same calls through the openai package.
      All times are divided by 100: 0.6 s stand for a minute. Only the backoff of the openai package (0.5 to 8 s) is not divided.

                                         effect-reliability               openai package
        fault              must succeed  succeeded  requests  duplicates    succeeded  requests  duplicates
        503, 2 times                  1        1/1         3           0          1/1         3           0
        <reset> & gone                0        0/1         1           0          1/1         2           1
        stream just stops             0        0/1         1           0  0/1 +1 half         1           0
        all                           1        1/3         5           0  2/3 +1 half         6           1

        Must succeed: the calls that a correct client completes. Half: a response without its end that was returned as a success.
        Duplicates: batch submissions that may have been executed more than once.

        ━✗ a failed attempt   ━✓ a successful attempt   · a wait   ≈ a stream after its first event
        Then: the outcome and the delivery, the status of each request that arrived, and the duration.
        The timelines of one call have the same time scale.

      503, 2 times: guide: retry with backoff
        interactive     ✗·✗·✓                  success                         503×2 200  64 ms
          openai        ✗····················✓ success                         503×2 200 0.50 s

      <reset> & gone: the request may have arrived
        batchSubmission ━━✗                    ConnectionLost, Unconfirmed     –           9 ms
          openai        ━✗·····━━✗··········━✓ success, perhaps 2 batches      – 200      64 ms

      stream just stops: the request may have arrived
        agentic         ━━━━✓≈≈≈≈≈≈≈≈≈≈≈≈≈≈≈≈✗ StreamBroken, Partial, 3 events 200         9 ms
          openai        ━━━━✓≈≈≈≈≈≈≈≈≈≈≈≈≈≈≈≈✓ half a response, as a success   200         9 ms

      Summary
        2 calls must fail: a retry cannot help, or would be a duplicate.
        The client counted 4 acknowledged, 0 partial, 1 unconfirmed and 0 attempts that were not sent; 5 requests arrived.
        The dashboard law: a server sees every acknowledged or partial attempt, perhaps the unconfirmed ones, and none that was not sent: here 4 to 5 requests. It holds for each call.

      All 3 outcomes are as expected (1.23 s).
      "
    `)
  })

  it("shows a report without the openai package", () => {
    const alone = { ...report, openai: undefined, lines: report.lines.map((line) => ({ ...line, theirs: undefined })) }
    const text = Lab.render(alone)
    expect(text).toContain("The openai package is not installed")
    expect(text).not.toContain("  openai ")
  })

  it("marks an outcome that is not the expected one", () => {
    const text = Lab.render({ ...report, lines: [{ ...saved, met: false }, lost] })
    expect(text).toContain("NOT AS EXPECTED: the expected outcome is success, 3 requests")
    expect(text).toContain("1 of 2 outcomes is not as expected")
  })

  it("fits into 80 columns of a terminal, and into 90 elsewhere", () => {
    const widths = (columns: number | undefined) => linesText(report.lines, { columns }).map((line) => [...line].length)
    expect(Math.max(...widths(80))).toBeLessThanOrEqual(80)
    expect(Math.max(...widths(undefined))).toBeLessThanOrEqual(90)
  })

  it("prints the same words with colours", () => {
    const coloured = Lab.render(report, { colour: true })
    expect(coloured).not.toBe(Lab.render(report))
    expect(stripVTControlCharacters(coloured)).toBe(Lab.render(report))
  })

  it("shows an expected failure without red, and an unexpected one in red", () => {
    const red = "\u001b[31m"
    expect(Lab.render({ ...report, lines: [saved, lost] }, { colour: true })).not.toContain(red)
    const late = { ...saved, theirs: { ...lost.ours, ok: false } }
    expect(Lab.render({ ...report, lines: [late] }, { colour: true })).toContain(red)
  })
})

describe("a summary", () => {
  it("counts half responses and duplicates separately from successes", () => {
    const { matrix, ours, theirs } = Lab.summary(report)
    expect(matrix.map(({ fault, mustSucceed, ours }) => [fault, mustSucceed, ours.succeeded])).toEqual([
      ["503, 2 times", 1, 1],
      ["<reset> & gone", 0, 0],
      ["stream just stops", 0, 0]
    ])
    expect(ours).toEqual({ calls: 3, succeeded: 1, truncated: 0, requests: 5, duplicates: 0 })
    expect(theirs).toEqual({ calls: 3, succeeded: 2, truncated: 1, requests: 6, duplicates: 1 })
  })

  it("applies the dashboard law", () => {
    const counted = { acknowledged: 2, partial: 1, unconfirmed: 1, notSent: 7 }
    expect([2, 3, 4, 5].map((arrived) => isLawful(counted, arrived))).toEqual([false, true, true, false])
  })

  it("fails on an unexpected outcome, and on a single call that breaks the dashboard law", () => {
    const hidden = { ...saved, counted: { ...saved.counted, acknowledged: 2 } }
    const invented = { ...saved, counted: { ...saved.counted, acknowledged: 4 } }
    expect(Lab.exitStatus(report)).toBe(0)
    expect(Lab.exitStatus({ ...report, lines: [{ ...saved, met: false }] })).toBe(1)
    expect(Lab.exitStatus({ ...report, lines: [hidden, invented] })).toBe(1)
  })
})

// -------------------------------------------------------------------------------------------------
// The page
// -------------------------------------------------------------------------------------------------

describe("the page", () => {
  const page = Lab.page(report)

  it("stays well-formed for any text", () => {
    expect(misplaced(page)).toEqual([])
    expect(misplaced(`${page}<p>`)).toEqual(["p"])
    expect(misplaced(page.replace("&amp; gone", "& gone"))).toEqual(["&"])
    expect(page).toContain("&lt;reset&gt; &amp; gone")
  })

  it("needs no scripts and no other files", () => {
    expect(page).not.toMatch(/<script|<link|<img|@import|url\(|https?:|src=|href=|\son[a-z]+=/i)
    expect(page).toContain("prefers-color-scheme: dark")
  })

  it("describes each segment of each timeline", () => {
    const parts = report.lines.flatMap(({ ours, theirs }) => [...ours.segments, ...(theirs?.segments ?? [])])
    expect(page.match(/<g><title>/g)).toHaveLength(parts.length)
    expect(page).toContain("<title>Wait: backoff; 35 ms, starting at 25 ms</title>")
    expect(page).toContain('aria-label="3 attempts in 64 ms: success"')
  })

  it("begins with the matrix, and shows an expected failure without red", () => {
    expect(page.indexOf("<table>")).toBeGreaterThan(0)
    expect(page.indexOf("<table>")).toBeLessThan(page.indexOf("<main>"))
    const [, calls = ""] = page.split("<main>")
    expect(calls).toContain('class="f"')
    expect(calls).not.toContain('class="b"')
  })
})

// -------------------------------------------------------------------------------------------------
// While it runs
// -------------------------------------------------------------------------------------------------

describe("the board", () => {
  it("shows the calls that are running, in lines that fit the terminal", () => {
    let board = boardAfter(emptyBoard, { _tag: "Planned", calls: 85, openai: true }, 0)
    for (const { scenario, workload } of cellsOf(["interactive", "agentic"]).slice(0, 14)) {
      const { fault } = scenario
      board = boardAfter(board, { _tag: "Began", fault, workload }, 1000)
      board = boardAfter(
        board,
        { _tag: "Progressed", fault, workload, segments: saved.ours.segments.slice(0, 3) },
        1001
      )
    }
    for (const columns of [20, 40, 59, 60, 80, 200]) {
      const widths = boardText(board, 1500, columns).map((line) => [...line].length)
      expect(Math.max(...widths)).toBeLessThan(columns)
      expect(widths.length).toBe(12)
    }
    board = boardAfter(board, { _tag: "Ended", fault: "no fault", workload: "interactive" }, 2000)
    expect(boardText(board, 1500, 100)[1]).toBe("1 of 85 calls ended; 3 more are running")
    expect(board.running.some(({ fault, workload }) => fault === "no fault" && workload === "interactive")).toBe(false)
  })
})

// -------------------------------------------------------------------------------------------------
// The calls
// -------------------------------------------------------------------------------------------------

describe("the scenarios", () => {
  it("covers each status of the guide", () => {
    const faults = scenarios.map(({ fault }) => fault.slice(0, 3))
    for (const status of ["429", "500", "502", "503", "504", "400", "401", "404", "422"]) {
      expect(faults).toContain(status)
    }
    expect(new Set(scenarios.map(({ fault }) => fault)).size).toBe(scenarios.length)
  })

  it("accepts the expected outcome, and no other", () => {
    const expected = { outcome: "ConnectionLost", delivery: "Unconfirmed", requests: 1 } as const
    const { counted, ours } = lost
    expect(isMet(expected, ours, counted)).toBe(true)
    expect(isMet(expected, { ...ours, outcome: "Timeout" }, counted)).toBe(false)
    expect(isMet(expected, { ...ours, delivery: "Partial" }, counted)).toBe(false)
    expect(isMet(expected, { ...ours, arrived: [undefined, 200] }, counted)).toBe(false)
    expect(isMet(expected, ours, { ...counted, unconfirmed: 0 })).toBe(false)
  })
})

describe("the options", () => {
  it("checks options when they are given", () => {
    const apiKey = Redacted.make("fw_secret")
    const only: string = "chatty"
    expect(() => Lab.run({ only: only as WorkloadName })).toThrow(/Lab\.run: only is "chatty"/)
    expect(() => Lab.runLive({ apiKey, model: "no such name" })).toThrow(/Lab\.runLive: model is "no such name"/)
    expect(() => Lab.runLive({ apiKey, model: "m", url: "ftp://u:secret@host" })).toThrow(/Lab\.runLive: url begins/)
    expect(() => Lab.runLive({ apiKey, model: "m", url: "localhost:3" })).toThrow("url has no scheme: write https://…")
    expect(() => Lab.runLive({ apiKey, model: "m", url: "ftp://u:secret@host" })).not.toThrow(/secret/)
  })
})

// -------------------------------------------------------------------------------------------------
// The real API
// -------------------------------------------------------------------------------------------------

describe.concurrent("runLive", () => {
  const options = { apiKey: Redacted.make("fw_secret"), model: "m" }

  it.scopedLive("makes the same call under all workloads at the same time", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make({ script: Fault.unanswered })
      yield* Effect.race(Lab.runLive({ ...options, url: server.origin }), server.awaitRequests(3))
      const ids = (yield* server.requests).map(({ headers }) => headers["x-request-id"])
      // all attempts of a call have the same id
      expect(new Set(ids).size).toBe(3)
    })
  )

  it.live("stops if nothing can be sent, and points to the doctor", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* FaultServer.make()
        yield* server.down
        const report = yield* Lab.runLive({ ...options, url: server.origin, only: "interactive" })
        expect(report.lines.map(({ fault, ours }) => [fault, ours.delivery])).toEqual([["models", "NotSent"]])
        const text = Lab.render(report)
        expect(text).toContain(`npx effect-reliability doctor --url ${server.origin}\n`)
        const refused = { ...report, lines: report.lines.map((line) => ({ ...line, ours: lost.ours })) }
        expect(Lab.render(refused)).not.toContain("doctor")
      })
    )
  )
})

// -------------------------------------------------------------------------------------------------
// The program
// -------------------------------------------------------------------------------------------------

const lab = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => program(["lab", ...args], env)

const folder = mkdtempSync(`${tmpdir()}/lab-`)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.concurrent("the program", () => {
  it.live("makes all calls within a minute, and prints lines without colours", () =>
    Effect.gen(function* () {
      const { millis, status, stderr, stdout } = yield* lab([])
      expect(stderr).toBe("")
      expect(stdout).toMatch(/All 85 outcomes are as expected/)
      expect(status).toBe(0)
      expect(stdout).toContain(headText(85, 100, "servers on this machine", true)[0])
      expect(stripVTControlCharacters(stdout)).toBe(stdout)
      for (const { fault, rule } of scenarios) expect(stdout).toContain(`\n${fault}: ${rule}\n`)
      expect(stdout).toMatch(/^ {2}all +45 +45\/85 +152 +0 /m)
      // most of the time is waiting, but other programs may keep this machine busy
      const [load = 0] = loadavg()
      expect(millis).toBeLessThan(60_000 * Math.max(1, load / availableParallelism()))
    })
  )

  it.live("writes a page, also without the openai package", () =>
    Effect.gen(function* () {
      const file = `${folder}/lab.html`
      const { status, stdout } = yield* lab(["--only", "batchSubmission", "--html", file], {
        NODE_OPTIONS: without("openai")
      })
      expect([status, stdout]).toEqual([0, expect.stringContaining("The openai package is not installed")])
      expect(stdout).not.toContain("the same calls through the openai package")
      const page = readFileSync(file, "utf8")
      expect(misplaced(page)).toEqual([])
      expect(page.match(/<section>/g)).toHaveLength(19)
    })
  )

  it.live("prints the command that installs missing packages", () =>
    Effect.gen(function* () {
      const { status, stderr, stdout } = yield* lab([], { NODE_OPTIONS: without("@effect/platform-node") })
      const ranges = manifest.peerDependencies
      expect([status, stdout]).toEqual([70, ""])
      expect(stderr).toContain(
        ` npm install --save-dev "@effect/cli@${ranges["@effect/cli"]}" "@effect/platform-node@${ranges["@effect/platform-node"]}"\n`
      )
      expect(Object.keys(ranges)).toEqual(expect.arrayContaining(["@effect/cli", "@effect/platform-node"]))
    })
  )

  it.live("rejects wrong usage before the first call", () =>
    Effect.gen(function* () {
      const variables = { FIREWORKS_API_KEY: "fw_secret", FIREWORKS_BASE_URL: "localhost:3" }
      const [page, key, only, url] = yield* Effect.all(
        [
          lab(["--html", `${folder}/no/such/folder.html`]),
          lab(["--live"]),
          lab(["--only", "chatty"]),
          lab(["--live"], variables)
        ],
        { concurrency: 2 }
      )
      expect([url.status, url.stderr]).toEqual([2, expect.stringContaining("FIREWORKS_BASE_URL has no scheme")])
      expect([page.status, page.stderr]).toEqual([2, expect.stringContaining("--html: ENOENT")])
      expect([key.status, key.stderr]).toEqual([2, expect.stringContaining("FIREWORKS_API_KEY")])
      expect(only.status).toBe(2)
    })
  )

  it.live("calls an API without creating a batch, and prints no key", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make()
      const env = { FIREWORKS_API_KEY: "fw_1234567890secret", FIREWORKS_BASE_URL: server.origin }
      const healthy = yield* lab(["--live", "--model", "accounts/fireworks/models/m", "--json"], env)
      expect(healthy.status).toBe(0)
      const requests = yield* server.requests
      expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
        ...Array.from({ length: 3 }, () => "GET /inference/v1/models"),
        ...Array.from({ length: 6 }, () => "POST /inference/v1/chat/completions")
      ])
      const chats = requests.filter(({ method }) => method === "POST")
      expect(chats.every(({ body }) => body.includes(`"max_tokens":1,`) || body.includes(`"max_tokens":1}`))).toBe(true)

      yield* server.script(() => Fault.answer(401))
      const refused = yield* lab(["--live", "--only", "interactive"], env)
      expect([refused.status, refused.stdout]).toEqual([1, expect.stringContaining("Unauthorized, Acknowledged")])
      expect(healthy.stdout + healthy.stderr + refused.stdout + refused.stderr).not.toContain("secret")
    }).pipe(Effect.scoped)
  )
})
