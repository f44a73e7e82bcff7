/** What the rate limiter is scored on. `prototype` holds the scores of the prototype that it was made from. */
import { lognormal, type Random } from "./random.js"
import { type Policy, type Result, run, type Setup } from "./run.js"
import {
  BucketServer,
  type BucketOptions,
  type Hints,
  type SlotOptions,
  SlotServer,
  type TokenOptions,
  TokenServer
} from "./servers.js"
import type { Simulation } from "./engine.js"

export interface Scenario extends Setup {
  readonly name: string
  /** The successes of a client that knows everything. */
  readonly oracle?: (result: Result) => number
  /** The goodput, where it is not counted in calls. */
  readonly goodput?: (result: Result) => number
  /** A time during which the server is down, milliseconds. */
  readonly outage?: readonly [from: number, to: number]
  /** Where to look for a herd, milliseconds. */
  readonly herdFrom?: number
}

const llm = (random: Random) => lognormal(random, 2000, 0.5)
const bucket = (options: BucketOptions) => (simulation: Simulation) => new BucketServer(simulation, options)
const tokens = (options: TokenOptions) => (simulation: Simulation) => new TokenServer(simulation, options)
const slots = (options: SlotOptions) => (simulation: Simulation) => new SlotServer(simulation, options)
const workers = (closed: number) => [{ closed }]
/** The most that a closed loop of workers can do. */
const bound = (n: number, millis: number, duration: number) => (n * duration) / millis
const granted = ({ server }: Result) => server.granted ?? Number.NaN
const arrived = ({ calls }: Result) => calls

const all: Array<Scenario> = []
const add = (name: string, scenario: Omit<Scenario, "name">) => all.push({ name, ...scenario })

// A token bucket of 50 requests per second
const hints: ReadonlyArray<Hints> = ["none", "ra1", "hdr"]
for (const hint of ["none", "ra1", "ms", "hdr"] as const) {
  for (const n of [1, 10, 100, 1000]) {
    add(`bucket ${hint} x${n}`, {
      duration: 60_000,
      server: bucket({ hint }),
      load: workers(n),
      oracle: (result) => Math.min(granted(result), bound(n, 20, 60_000))
    })
  }
}
for (const hint of hints) {
  add(`bucket ${hint} open 0.8`, {
    duration: 60_000,
    server: bucket({ hint }),
    load: [{ open: 40 }],
    oracle: arrived
  })
  add(`bucket ${hint} open 1.2`, {
    duration: 60_000,
    server: bucket({ hint }),
    load: [{ open: 60 }],
    oracle: (result) => Math.min(granted(result), result.calls)
  })
  add(`bucket ${hint} llm x200`, {
    duration: 120_000,
    server: bucket({ hint, latency: llm }),
    load: workers(200),
    oracle: (result) => Math.min(granted(result) - 100, bound(200, 2000, 120_000))
  })
  add(`bucket ${hint} rtt260`, {
    duration: 60_000,
    up: 125,
    down: 125,
    server: bucket({ hint }),
    load: workers(200),
    oracle: (result) => Math.min(granted(result) - 13, bound(200, 260, 60_000))
  })
  add(`bucket ${hint} 10rpm`, {
    duration: 600_000,
    deadline: 1e9,
    server: bucket({ hint, rate: 1 / 6, burst: 2 }),
    load: workers(20),
    oracle: granted
  })
  add(`bucket ${hint} 1000rps`, {
    duration: 20_000,
    server: bucket({ hint, rate: 1000, burst: 200 }),
    load: workers(1000),
    oracle: granted
  })
  add(`bucket ${hint} window60`, {
    duration: 300_000,
    deadline: 1e9,
    server: bucket({ hint, rate: 10, fixedWindow: 60_000 }),
    load: workers(100),
    oracle: (result) => granted(result) - 600
  })
}
for (const hint of ["none", "ra1"] as const) {
  add(`herd ${hint}`, {
    duration: 60_000,
    server: bucket({ hint, blocked: 10_000 }),
    load: workers(500),
    oracle: () => 10 + 50 * 50,
    herdFrom: 10_000
  })
}

// Requests, input and output tokens
const sizes = (random: Random) => ({
  input: Math.max(1, Math.round(lognormal(random, 1000, 1))),
  output: Math.max(1, Math.round(lognormal(random, 250, 0.8))),
  maxOutput: 4096
})
// tokens are what is limited: those served after the first minute, against those that were to be had
const steady = ({ usage }: Result) => Math.max(usage.input / (10_000 * 240), usage.output / (2000 * 240))
for (const headers of [true, false]) {
  for (const burstSeconds of [2, 10, 60]) {
    add(`tokens ${headers ? "hdr" : "none"} burst${burstSeconds}s`, {
      duration: 300_000,
      sizes,
      server: tokens({ headers, burstSeconds }),
      load: workers(100),
      measureFrom: 60_000,
      goodput: steady
    })
  }
}
add("tokens hdr nostream", {
  duration: 300_000,
  sizes,
  server: tokens({ stream: false }),
  load: workers(100),
  measureFrom: 60_000,
  goodput: steady
})
add("tokens hdr open 0.9", { duration: 300_000, sizes, server: tokens({}), load: [{ open: 7.2 }], oracle: arrived })

// Limits that change
const rampGranted = () => {
  let [sum, rate] = [10, 10]
  for (let step = 0; step < 18; step++) {
    sum += rate * 10
    rate = Math.min(100, rate * 1.25)
  }
  return sum
}
for (const hint of hints) {
  const changes = [
    [60_000, 15],
    [120_000, 45]
  ] as const
  add(`change ${hint} x0.3 x3`, {
    duration: 180_000,
    server: bucket({ hint, changes }),
    load: workers(100),
    oracle: granted
  })
  add(`change ${hint} ramp`, {
    duration: 180_000,
    server: bucket({ hint, rate: 10, ramp: { every: 10_000, max: 100 } }),
    load: workers(100),
    oracle: rampGranted
  })
}

// Slots, and a bounded queue
for (const status of [429, 503]) {
  for (const n of [10, 64, 200, 1000]) {
    const millis = n < 32 ? 2000 * (0.5 + (0.5 * n) / 32) + 10 : 2000
    add(`slots ${status} x${n}`, {
      duration: 180_000,
      server: slots({ status }),
      load: workers(n),
      oracle: () => bound(Math.min(n, 32), millis, 180_000)
    })
  }
}
add("slots nostream x200", {
  duration: 180_000,
  server: slots({ first: 1 }),
  load: workers(200),
  oracle: () => bound(32, 2000, 180_000)
})

// Urgent calls among patient ones
const mixed = (closed: number, open: number) => [
  { closed, class: "batch" as const },
  { open, class: "interactive" as const }
]
for (const hint of hints) {
  add(`classes ${hint}`, {
    duration: 120_000,
    server: bucket({ hint }),
    load: mixed(200, 5),
    oracle: granted
  })
  add(`classes llm ${hint}`, {
    duration: 120_000,
    server: bucket({ hint, latency: llm }),
    load: mixed(200, 5),
    oracle: (result) => granted(result) - 100
  })
}
add("classes slots", {
  duration: 180_000,
  server: slots({}),
  load: mixed(200, 1.6),
  oracle: () => bound(32, 2000, 180_000)
})

// Outages
const degrading = (base: number) => (random: Random, _active: number, queued: number) =>
  base * (0.8 + 0.4 * random()) * (1 + 0.0005 * queued)
const fleet = (options: SlotOptions) =>
  slots({ slots: 15, queue: 500, status: 503, service: degrading(200), ...options })
const slower: SlotOptions["changes"] = [[40_000, (server) => (server.service = degrading(285.7))]]
const outage = { from: 30_000, to: 40_000 }
const down = (name: string, options: SlotOptions, setup: Partial<Scenario> = {}) =>
  add(name, {
    duration: 120_000,
    attemptTimeout: 10_000,
    server: fleet(options),
    load: [{ open: 50 }],
    oracle: arrived,
    outage: [30_000, 40_000],
    ...setup
  })
down("outage 503", { outage })
down("outage then 1.05x", { outage, changes: slower }, { duration: 300_000 })
down("outage 1.05x timeout2s", { outage, changes: slower }, { duration: 300_000, attemptTimeout: 2000 })
down("outage 1.05x nostream", { first: 1, outage, changes: slower }, { duration: 300_000, attemptTimeout: 2000 })
const failing = (share: number, status = 500): SlotOptions => ({ failing: { from: 30_000, to: 60_000, share, status } })
down("outage half 500", failing(0.5), { duration: 90_000, outage: [30_000, 60_000] })
down("outage half 503", failing(0.5, 503), { duration: 90_000, outage: [30_000, 60_000] })
down("outage 5% 500", failing(0.05), { duration: 90_000, outage: [30_000, 60_000] })
down("outage 90% 500", failing(0.9), { outage: [30_000, 60_000] })
down("outage hang", { hang: outage })
down("outage 60s", { outage: { from: 30_000, to: 90_000 } }, { duration: 300_000, outage: [30_000, 90_000] })
down(
  "outage llm",
  {},
  {
    duration: 240_000,
    attemptTimeout: 60_000,
    server: slots({
      slots: 150,
      queue: 500,
      status: 503,
      service: (random, _active, queued) => lognormal(random, 2000, 0.5) * (1 + 0.0005 * queued),
      outage: { from: 60_000, to: 70_000 }
    }),
    outage: [60_000, 70_000]
  }
)
down(
  "brown-out x20",
  { slow: { from: 30_000, to: 60_000, factor: 20 } },
  { duration: 180_000, outage: [30_000, 60_000] }
)

// Limits that mislead
for (const percent of [2, 5, 20, 50]) {
  add(`random 429 ${percent}%`, {
    duration: 180_000,
    server: slots({
      slots: 1000,
      service: (random) => 10 + 4 * random(),
      failing: { from: 0, to: 1e9, share: percent / 100, status: 429 }
    }),
    load: workers(10),
    oracle: () => 180 * 50
  })
}
for (const [name, perMinute, remaining] of [
  ["header x60 too low", 50, undefined],
  ["header x60 too high", 50 * 3600, undefined]
] as const) {
  add(name, {
    duration: 60_000,
    server: (simulation) => {
      const server = new BucketServer(simulation, { hint: "hdr" })
      server.limits = () => [{ resource: "requests", perMinute, remaining }]
      return server
    },
    load: workers(100),
    oracle: granted
  })
}
add("burst 300 of tokens", {
  duration: 60_000,
  sizes,
  server: tokens({ requests: 6000, input: 5_400_000, output: 216_000, burstSeconds: 60 }),
  load: [{ closed: 300, think: 1e9 }, { open: 1 }],
  oracle: arrived
})

// Several processes that share a limit
for (const processes of [2, 10]) {
  for (const hint of hints) {
    add(`processes ${hint} p${processes}`, {
      duration: 120_000,
      processes,
      server: bucket({ hint }),
      load: workers(200 / processes),
      oracle: granted
    })
  }
}
for (const hint of ["none", "hdr"] as const) {
  add(`processes ${hint} p2 late`, {
    duration: 180_000,
    processes: 2,
    server: bucket({ hint }),
    load: [{ closed: 100, stagger: 60_000 }],
    measureFrom: 120_000,
    oracle: () => 50 * 60
  })
  add(`processes ${hint} p10 long`, {
    duration: 600_000,
    processes: 10,
    server: bucket({ hint }),
    load: workers(20),
    measureFrom: 300_000,
    oracle: () => 50 * 300
  })
}
add("processes none p10 llm", {
  duration: 180_000,
  processes: 10,
  server: bucket({ latency: llm }),
  load: workers(30),
  oracle: (result) => granted(result) - 100
})

export const scenarios: ReadonlyArray<Scenario> = all

// -------------------------------------------------------------------------------------------------
// Scores
// -------------------------------------------------------------------------------------------------

export interface Scores {
  /** The share of what a client that knows everything would have had. */
  readonly goodput: number
  readonly perSuccess: number
  readonly failed: number
  /** Milliseconds. */
  readonly p99: number
  readonly interactive99: number
  readonly jain: number
  readonly jainOfProcesses: number
  /** Attempts for each call that began in an outage. */
  readonly amplification: number | undefined
  /** The most that arrived within a second, as a multiple of the limit. */
  readonly peak: number | undefined
  readonly events: number
}

const sum = (counts: Int32Array, from: number, to: number): number =>
  counts.subarray(from / 1000, to / 1000).reduce((total, value) => total + value, 0)

const peakOf = ({ arrivals, server }: Result, from: number): number => {
  let [within, most] = [0, 0]
  arrivals.forEach((value, index) => {
    within += value - (index >= 10 ? (arrivals[index - 10] ?? 0) : 0)
    if (index > from / 100) most = Math.max(most, within)
  })
  return most / (server.rate ?? Number.NaN)
}

/** Runs a scenario once. */
export const score = <Shared>(
  scenario: Scenario,
  seed: number,
  policy: Policy<Shared>,
  share: (simulation: Simulation) => Shared
): Scores => {
  const result = run(scenario, seed, policy, share)
  const { goodput, herdFrom, oracle, outage } = scenario
  const { events, failed, interactive99, jain, jainOfProcesses, p99, perSuccess } = result
  return {
    goodput: goodput?.(result) ?? result.ok / (oracle?.(result) ?? Number.NaN),
    perSuccess,
    failed,
    p99,
    interactive99,
    jain,
    jainOfProcesses,
    amplification: outage && sum(result.sent, ...outage) / sum(result.started, ...outage),
    peak: herdFrom === undefined ? undefined : peakOf(result, herdFrom),
    events
  }
}
