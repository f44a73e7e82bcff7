/** The scenarios in which the rate limiter is scored. `prototype` holds the scores of the prototype that it was made from. */
import { Effect } from "effect"
import { Workload } from "effect-reliability"
import { Simulator } from "effect-reliability/testing"
import { toolkit } from "../../../src/testing/internal/simulator/policies.js"

export interface Scenario extends Simulator.Options {
  readonly name: string
  /** Milliseconds for a call, and for an attempt. */
  readonly deadline?: number
  readonly attemptTimeout?: number
  /** The successes that are a goodput of 1. Absent means those of clients that know everything. */
  readonly best?: number
}

/** The form in which a server names its limit: not at all, in a hint, or in headers. */
type Hints = "none" | "ra1" | "ms" | "hdr"

const forms = {
  none: {},
  ra1: { hint: "seconds" },
  ms: { hint: "millis" },
  hdr: { headers: "fireworks" }
} as const

const llm: Simulator.Latency = ({ random }) => Simulator.lognormal(random, { mean: 2000 })
const bucket = (hint: Hints, options: Partial<Simulator.BucketOptions> = {}) =>
  Simulator.bucket({ perSecond: 50, burst: 10, ...forms[hint], ...options })
const workers = (count: number) => ({ workers: count, class: "batch" }) as const
const open = (perSecond: number) => ({ perSecond, class: "batch" }) as const
const endless = 1e9

const all: Array<Scenario> = []
const add = (name: string, scenario: Omit<Scenario, "name">) => all.push({ name, ...scenario })

// A token bucket of 50 requests per second
const hints: ReadonlyArray<Hints> = ["none", "ra1", "hdr"]
for (const hint of ["none", "ra1", "ms", "hdr"] as const) {
  for (const n of [1, 10, 100, 1000]) {
    add(`bucket ${hint} x${n}`, { duration: 60_000, server: bucket(hint), load: workers(n) })
  }
}
for (const hint of hints) {
  add(`bucket ${hint} open 0.8`, { duration: 60_000, server: bucket(hint), load: open(40) })
  add(`bucket ${hint} open 1.2`, { duration: 60_000, server: bucket(hint), load: open(60) })
  add(`bucket ${hint} llm x200`, { duration: 120_000, server: bucket(hint, { latency: llm }), load: workers(200) })
  add(`bucket ${hint} rtt260`, { duration: 60_000, roundTrip: 250, server: bucket(hint), load: workers(200) })
  add(`bucket ${hint} 10rpm`, {
    duration: 600_000,
    deadline: endless,
    server: bucket(hint, { perSecond: 1 / 6, burst: 2 }),
    load: workers(20)
  })
  add(`bucket ${hint} 1000rps`, {
    duration: 20_000,
    server: bucket(hint, { perSecond: 1000, burst: 200 }),
    load: workers(1000)
  })
  add(`bucket ${hint} window60`, {
    duration: 300_000,
    deadline: endless,
    server: bucket(hint, { perSecond: 10, window: 60_000 }),
    load: workers(100)
  })
}
for (const hint of ["none", "ra1"] as const) {
  add(`herd ${hint}`, {
    duration: 60_000,
    server: bucket(hint, { outages: [{ from: 0, to: 10_000, status: 429, announced: hint === "ra1" }] }),
    load: workers(500)
  })
}

// Requests, input and output tokens
const sizes = (random: () => number): Simulator.Size => ({
  input: Math.max(1, Math.round(Simulator.lognormal(random, { mean: 1000, sigma: 1 }))),
  output: Math.max(1, Math.round(Simulator.lognormal(random, { mean: 250, sigma: 0.8 }))),
  maxOutput: 4096
})
for (const headers of ["fireworks", "none"] as const) {
  for (const seconds of [2, 10, 60]) {
    add(`tokens ${headers === "none" ? "none" : "hdr"} burst${seconds}s`, {
      duration: 300_000,
      server: Simulator.tokens({ headers, burst: seconds * 1000 }),
      load: { ...workers(100), sizes },
      warmUp: 60_000
    })
  }
}
add("tokens hdr nostream", {
  duration: 300_000,
  server: Simulator.tokens({ headers: "fireworks", stream: false }),
  load: { ...workers(100), sizes },
  warmUp: 60_000
})
add("tokens hdr open 0.9", {
  duration: 300_000,
  server: Simulator.tokens({ headers: "fireworks" }),
  load: { ...open(7.2), sizes }
})

// Limits that change
for (const hint of hints) {
  const changes = [
    { at: 60_000, perSecond: 15 },
    { at: 120_000, perSecond: 45 }
  ]
  add(`change ${hint} x0.3 x3`, { duration: 180_000, server: bucket(hint, { changes }), load: workers(100) })
  add(`change ${hint} ramp`, {
    duration: 180_000,
    server: bucket(hint, { perSecond: 10, growth: { every: 10_000, max: 100 } }),
    load: workers(100)
  })
}

// Slots, and a bounded queue
for (const status of [429, 503]) {
  for (const n of [10, 64, 200, 1000]) {
    add(`slots ${status} x${n}`, { duration: 180_000, server: Simulator.slots({ status }), load: workers(n) })
  }
}
add("slots nostream x200", { duration: 180_000, server: Simulator.slots({ firstByte: 1 }), load: workers(200) })

// Urgent calls among patient ones
const mixed = (count: number, perSecond: number) => [workers(count), { perSecond, class: "interactive" }]
for (const hint of hints) {
  add(`classes ${hint}`, { duration: 120_000, server: bucket(hint), load: mixed(200, 5) })
  add(`classes llm ${hint}`, { duration: 120_000, server: bucket(hint, { latency: llm }), load: mixed(200, 5) })
}
add("classes slots", { duration: 180_000, server: Simulator.slots(), load: mixed(200, 1.6) })

// Outages
const degrading =
  (base: number): Simulator.Latency =>
  ({ queued, random }) =>
    base * (0.8 + 0.4 * random()) * (1 + 0.0005 * queued)
const fleet = (options: Simulator.SlotsOptions) =>
  Simulator.slots({ slots: 15, queue: 500, status: 503, latency: degrading(200), ...options })
const changes = [{ at: 40_000, latency: degrading(285.7) }]
const outages = [{ from: 30_000, to: 40_000 }]
const down = (name: string, options: Simulator.SlotsOptions, setup: Partial<Scenario> = {}) =>
  add(name, { duration: 120_000, attemptTimeout: 10_000, server: fleet(options), load: open(50), ...setup })
down("outage 503", { outages })
down("outage then 1.05x", { outages, changes }, { duration: 300_000 })
down("outage 1.05x timeout2s", { outages, changes }, { duration: 300_000, attemptTimeout: 2000 })
down("outage 1.05x nostream", { firstByte: 1, outages, changes }, { duration: 300_000, attemptTimeout: 2000 })
const failing = (share: number, status = 500): Simulator.SlotsOptions => ({
  errors: [{ from: 30_000, to: 60_000, share, status }]
})
down("outage half 500", failing(0.5), { duration: 90_000 })
down("outage half 503", failing(0.5, 503), { duration: 90_000 })
down("outage 5% 500", failing(0.05), { duration: 90_000 })
down("outage 90% 500", failing(0.9))
down("outage hang", { outages: [{ from: 30_000, to: 40_000, status: "hang" }] })
down("outage 60s", { outages: [{ from: 30_000, to: 90_000 }] }, { duration: 300_000 })
down(
  "outage llm",
  {},
  {
    duration: 240_000,
    attemptTimeout: 60_000,
    server: Simulator.slots({
      slots: 150,
      queue: 500,
      status: 503,
      latency: ({ queued, random }) => Simulator.lognormal(random, { mean: 2000 }) * (1 + 0.0005 * queued),
      outages: [{ from: 60_000, to: 70_000 }]
    })
  }
)
down("brown-out x20", { brownOuts: [{ from: 30_000, to: 60_000, factor: 20 }] }, { duration: 180_000 })

// Limits that mislead
for (const percent of [2, 5, 20, 50]) {
  add(`random 429 ${percent}%`, {
    duration: 180_000,
    // no limit at all, and a goodput of 1 at 50 per second
    server: Simulator.slots({
      slots: 1000,
      latency: ({ random }) => 10 + 4 * random(),
      errors: [{ share: percent / 100, status: 429 }]
    }),
    load: workers(10),
    best: 180 * 50
  })
}
add("header x60 too low", { duration: 60_000, server: bucket("hdr", { misstated: 1 / 60 }), load: workers(100) })
add("header x60 too high", { duration: 60_000, server: bucket("hdr", { misstated: 60 }), load: workers(100) })
add("burst 300 of tokens", {
  duration: 60_000,
  server: Simulator.tokens({
    headers: "fireworks",
    perMinute: { requests: 6000, input: 5_400_000, output: 216_000 },
    burst: 60_000
  }),
  load: [
    { ...workers(300), sizes, think: endless },
    { ...open(1), sizes }
  ]
})

// Several processes that share a limit
for (const processes of [2, 10]) {
  for (const hint of hints) {
    add(`processes ${hint} p${processes}`, {
      duration: 120_000,
      processes,
      server: bucket(hint),
      load: workers(200 / processes)
    })
  }
}
for (const hint of ["none", "hdr"] as const) {
  add(`processes ${hint} p2 late`, {
    duration: 180_000,
    processes: 2,
    server: bucket(hint),
    load: { ...workers(100), stagger: 60_000 },
    warmUp: 120_000
  })
  add(`processes ${hint} p10 long`, {
    duration: 600_000,
    processes: 10,
    server: bucket(hint),
    load: workers(20),
    warmUp: 300_000
  })
}
add("processes none p10 llm", {
  duration: 180_000,
  processes: 10,
  server: bucket("none", { latency: llm }),
  load: workers(30)
})

export const scenarios: ReadonlyArray<Scenario> = all

/** Runs a scenario with the real rate limiter. */
export const score = (
  { deadline = 120_000, attemptTimeout = deadline, name, ...options }: Scenario,
  seed: number
): Promise<Simulator.Report> =>
  Effect.runPromise(
    Simulator.run({
      ...options,
      seed,
      policy: toolkit(Workload.make({ name, deadline, timeouts: { attempt: attemptTimeout } }))
    })
  )
