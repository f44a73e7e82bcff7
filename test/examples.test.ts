import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { basename } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { filesBelow, manifest, read, root, run } from "./support/project.js"

const folder = "test/examples"
const files = filesBelow(folder)

/** The lines that each program prints. */
const prints: Readonly<Record<string, ReadonlyArray<string | RegExp>>> = {
  "agentLoop.ts": [
    'weather("Olso"): It failed: there is no Olso',
    'weather("Oslo"): -3 °C, snow',
    "-3 °C, snow",
    "200 conversation-1",
    "503 conversation-1",
    "200 conversation-1",
    "200 conversation-1"
  ],
  "aiFallback.ts": ["I am here.", "Unauthorized; before: large NotFound"],
  "aiFireworks.ts": [
    "weather: -3 °C, snow",
    "It snows.",
    /^HttpResponseError: Unauthorized after 1 attempt\. ./,
    "429, 200, 200, 401"
  ],
  "aiOpenai.ts": ["I am here.", "429, 200", /^Fatal Unauthorized: ./],
  "batchSurvivesCrash.ts": ["Completed; submissions: 1, jobs: 1"],
  "chatFallback.ts": [
    "ours failed with ScalingUp; next: serverless",
    "serverless: Is it you?",
    "ours: Is it you now?",
    "PreconditionFailed after 0 other failures"
  ],
  "dashboardGap.ts": [
    'The client\'s side: 18 attempts of 20 lost in the phase "pool".',
    /^Client: .* 2 acknowledged, .* 18 not sent/,
    /^Servers: +2 requests, 0 errors/,
    /^Expected: /,
    "Lost:     18 pool: Timeout (NotSent).",
    /^Next: .*Allow more connections/
  ],
  "durableInMemory.ts": ["after 8 hours: Waiting", "after 12 hours: Completed; jobs: 1"],
  "durableSqlite.ts": ["Completed; jobs: 1"],
  "hedgedChat.ts": [
    "Is it you?",
    "kimi failed with NotFound; next: llama",
    "Is it you now?",
    "calls: 2, second copies: 1"
  ],
  "interactiveChat.ts": [
    "200 - Is it you?",
    "503 30 The service is busy. Please try again later.",
    "400 - What is the question?"
  ],
  "reconnectTraining.ts": [
    "train at /training/v1/rlorTrainerJobs/acme/policy-7; resumed: 0, optimizer: Untouched",
    /level=INFO .*message="a job was resumed" job=policy-7 kind=trainer$/,
    "train at /training/v1/rlorTrainerJobs/acme/policy-7; resumed: 1, optimizer: Preserved"
  ],
  "services.ts": [
    "chat: succeeded at attempt 3",
    "database: Conflict after 2 attempts",
    "search: Unavailable after 4 attempts"
  ],
  "sharedByTools.ts": [
    "10 of 10 tools succeeded",
    "Open, HalfOpen, Closed",
    "opens after 3 failures in a row, for 200ms"
  ],
  "streamToClient.ts": [
    "event: words",
    'data: "word1 "',
    "",
    "event: words",
    'data: "word2 "',
    "complete: false, closed by the client",
    "429 3600 ",
    "502 - ",
    "504 - ",
    "200 - event: words",
    'data: "Tell "',
    "",
    "event: error",
    'data: "StreamBroken"',
    "",
    ""
  ],
  "testingYourService.ts": ["The service outlasts an outage of two minutes."],
  "wrapOpenai.ts": ["Are you there?", "reset, 200", /^Fatal Unauthorized: ./]
}

/** Some rows of the table that a program prints. */
const rows: Readonly<Record<string, ReadonlyArray<RegExp>>> = {
  "guide.ts": [
    /429.*RateLimit \/ RateExceeded.*yes/,
    /503.*Transient \/ Unavailable.*yes/,
    /404.*Fatal \/ NotFound.*no/
  ]
}

// run by `test/cli/Dashboards/prometheus.test.ts`, `test/workflow/DurableJob/cluster.test.ts` and `test/Telemetry/prometheus.test.ts`
const elsewhere = ["dashboards.ts", "durablePostgres.ts", "metricsToPrometheus.ts"]

describe("an example", () => {
  it("appears in the lists of expected output", () => {
    expect(files).toEqual([...Object.keys({ ...prints, ...rows }), ...elsewhere].toSorted())
  })

  for (const file of files) {
    const code = read(`${folder}/${file}`)

    it(`stays short, explained and ready to copy: ${file}`, () => {
      expect(code.split("\n").length - 1, "lines").toBeLessThanOrEqual(60)
      expect(code, "first of all it says what it is for, in a line, and what to look at, in another").toMatch(
        /^\/\*\*\n( \* .+\n){1,2} \*\/\n/
      )
      const imported = [...code.matchAll(/^(?:import|\} from).*"(.+)"$/gm)].map(([, name = ""]) => name)
      const known = [manifest.name, "effect", "node:", ...Object.keys(manifest.devDependencies)]
      expect(
        imported.filter((name) => !known.some((start) => name === start || name.startsWith(start))),
        "what it imports must be there for its users, too"
      ).toEqual([])
    })
  }
})

describe("the program of an example", () => {
  const ran = files.filter((file) => !elsewhere.includes(file))
  const withOpenai7 = "wrapOpenai7.ts"
  let printed: ReadonlyMap<string, string>
  let failures: ReadonlyMap<string, string | null>

  beforeAll(async () => {
    const cache = ".cache/examples"
    const report = `${cache}/report.jsonl`
    rmSync(root + cache, { recursive: true, force: true })
    mkdirSync(root + cache, { recursive: true })
    writeFileSync(`${root}${cache}/${withOpenai7}`, read(`${folder}/wrapOpenai.ts`).replace(`"openai"`, `"openai7"`))
    const paths = [...ran.map((file) => `${folder}/${file}`), `${cache}/${withOpenai7}`]
    const output = await run(process.execPath, ["--import", "tsx", "test/support/runExamples.ts", report, ...paths])
    const parts = output.split(/^>>> .*\/(.*)\n/m).slice(1)
    printed = new Map([...ran, withOpenai7].map((file) => [file, parts[parts.indexOf(file) + 1] ?? ""]))
    const lines = read(report).trim().split("\n")
    failures = new Map([
      ...ran.map((file) => [file, "it was not run, since one before it never ended"] as const),
      ...lines
        .map((line) => JSON.parse(line) as [string, string | null])
        .map(([path, failure]) => [basename(path), failure] as const)
    ])
  })

  const linesOf = (file: string): ReadonlyArray<string> => (printed.get(file) ?? "").replace(/\n$/, "").split("\n")

  for (const file of ran) {
    it(`prints the expected lines and ends: ${file}`, () => {
      expect(failures.get(file), "what went wrong").toBeNull()
      const expected = prints[file]
      if (expected === undefined) return
      const lines = linesOf(file)
      const like = (line: string | RegExp): unknown => (typeof line === "string" ? line : expect.stringMatching(line))
      expect(lines).toEqual(expected.map(like))
    })
  }

  it("prints the expected lines with openai 7, too: wrapOpenai.ts", () => {
    expect(failures.get(withOpenai7), "what went wrong").toBeNull()
    expect(linesOf(withOpenai7)).toEqual(linesOf("wrapOpenai.ts"))
  })

  for (const [file, expected] of Object.entries(rows)) {
    it(`prints the expected rows of a table: ${file}`, () => {
      const lines = linesOf(file)
      for (const row of expected) expect(lines).toContainEqual(expect.stringMatching(row))
    })
  }
})
