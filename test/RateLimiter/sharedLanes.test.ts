import { FastCheck as fc } from "effect"
import { describe, expect, it } from "vitest"
import { Lane, type Waiter } from "../../src/internal/rateLimiter/lane.js"
import { initial } from "../../src/internal/rateLimiter/machine.js"
import type { Report, Ticket } from "../../src/internal/rateLimiter/model.js"
import { SharedLane, type Sharing } from "../../src/internal/rateLimiter/sharedLane.js"
import { scaled, shift } from "../../src/internal/rateLimiter/sharedState.js"
import { type Scheduled, Simulation } from "../support/virtualTimers.js"
import { exponential, type Random, seeded } from "../../src/testing/internal/simulator/random.js"
import { jain } from "../../src/testing/internal/simulator/report.js"
import { decode, sharingOf, simulatedStore } from "../support/traffic/sharedStore.js"
import { waiter } from "../support/waiter.js"

const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 })

const pick = <A>(random: Random, values: ReadonlyArray<A>): A => values[Math.floor(random() * values.length)] as A

const hostOf = (simulation: Simulation, random: Random = simulation.random) => ({
  now: () => simulation.now,
  random,
  setTimer: (millis: number, fire: () => void) => simulation.after(millis, fire),
  clearTimer: (timer: ReturnType<Simulation["after"]>) => simulation.cancel(timer)
})

/** A call that asks, waits and reports, on a lane. */
const call = (
  lane: Lane<Scheduled>,
  simulation: Simulation,
  given: { readonly deadline?: number; readonly cost?: Waiter["cost"]; readonly slack?: number },
  admitted: (ticket: Ticket) => void,
  refused: () => void = () => {}
): Waiter | undefined => {
  const { cost = {}, deadline = Infinity, slack = 0 } = given
  const ticket = lane.tryAdmit(cost)
  if (ticket !== undefined) {
    admitted(ticket)
    return undefined
  }
  const item = waiter({ order: simulation.now + slack, cost, deadline, admitted, refused })
  lane.wait(item)
  return item
}

const anyReport = (random: Random): Report => {
  const drawn = random()
  const kind = drawn < 0.75 ? "ok" : drawn < 0.85 ? "refused" : drawn < 0.93 ? "failed" : "dropped"
  return {
    kind,
    usage: { input: Math.floor(random() * 3000), output: Math.floor(random() * 3000) },
    hint: kind === "refused" && random() < 0.3 ? random() * 3000 : undefined,
    limits:
      random() < 0.1
        ? [{ resource: pick(random, ["requests", "input", "output"] as const), perMinute: 6000, remaining: 3000 }]
        : undefined
  }
}

/** Returns a value with numbers that do not depend on the order of additions. */
const rounded = (value: object): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === "number" ? (Math.abs(inner) < 1e-6 ? 0 : inner).toPrecision(4) : inner
    )
  )

/** A random history of one lane: the moments and the order of its admissions and refusals. */
const historyOf = (seed: number, make: (simulation: Simulation, settings: Sharing["settings"]) => Lane<Scheduled>) => {
  const simulation = new Simulation(seed)
  const random = seeded(seed)
  const lane = make(simulation, {
    concurrency: random() < 0.4 ? 1 + Math.floor(random() * 5) : undefined,
    limits: random() < 0.5 ? { requests: 1 + random() * 50, input: random() < 0.5 ? 5000 : undefined } : {}
  })
  const events: Array<{ readonly call: number; readonly end: string; readonly at: number }> = []
  const open: Array<Ticket> = []
  const waiting: Array<Waiter> = []
  for (let i = 0; i < 150; i++) {
    simulation.run(simulation.now + exponential(random, random() < 0.05 ? 3000 : 20))
    const drawn = random()
    if (drawn < 0.5) {
      const item = call(
        lane,
        simulation,
        {
          cost: { input: Math.floor(random() * 2000) },
          deadline: random() < 0.3 ? simulation.now + random() * 3000 : Infinity,
          slack: random() < 0.3 ? 5000 : 0
        },
        (ticket) => {
          events.push({ call: i, end: "admitted", at: simulation.now })
          open.push(ticket)
        },
        () => events.push({ call: i, end: "refused", at: simulation.now })
      )
      if (item !== undefined) waiting.push(item)
    } else if (drawn < 0.6) {
      const queued = waiting.filter(({ inQueue }) => inQueue !== undefined && inQueue.index >= 0)
      if (queued.length > 0) lane.leave(pick(random, queued))
    } else if (open.length > 0) {
      const [ticket] = open.splice(Math.floor(random() * open.length), 1)
      if (ticket !== undefined) lane.record(ticket, anyReport(random))
    }
  }
  return { events, counts: lane.counts, waiting: lane.waiting, state: lane.state }
}

describe("a lane on a store", () => {
  it("decides like a lane with its own state", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = () => 0
        const own = historyOf(
          seed,
          (simulation, settings) => new Lane({ ...initial(settings), at: 0 }, hostOf(simulation, random))
        )
        const shared = historyOf(
          seed,
          (simulation, settings) =>
            new SharedLane(
              "key",
              sharingOf({ id: "a", settings, modify: simulatedStore(simulation).modify() }),
              hostOf(simulation, random)
            )
        )
        expect(shared.events).toEqual(
          own.events.map((event) => ({ ...event, at: expect.closeTo(event.at, 1) as number }))
        )
        const { waitedMillis, ...counts } = own.counts
        expect(shared.counts).toMatchObject(counts)
        expect(shared.counts.waitedMillis).toBeCloseTo(waitedMillis, 0)
        expect(shared.waiting).toBe(own.waiting)
        expect(rounded(shared.state)).toEqual(rounded(own.state))
      }),
      { numRuns: 100, examples: [[1_546_457_377]] }
    )
  })

  it("ends each wait once and counts each call, with delays, outages, and other processes", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const simulation = new Simulation(seed)
        const random = seeded(seed)
        const store = simulatedStore(simulation)
        store.offset = Math.round(random() * 1e9)
        const latency = random() < 0.3 ? 0 : random() * 60
        const concurrency = random() < 0.5 ? 1 + Math.floor(random() * 4) : undefined
        let isOut = false
        const hadOutage = random() < 0.5
        const lanes = Array.from({ length: 3 }, (_, n) => {
          let steps = 0
          const modify = store.modify(() => ({ delay: random() * latency, fails: isOut }))
          return new SharedLane(
            "key",
            sharingOf({
              id: `process ${n}`,
              settings: { concurrency, limits: { requests: 100 } },
              processes: 3,
              delay: n * 5,
              modify: (key, step, done) => {
                if (++steps > 1) expect.fail("two steps of a lane are outstanding")
                modify(key, step, (outcome) => {
                  steps--
                  done(outcome)
                })
              }
            }),
            hostOf(simulation)
          )
        })
        const open: Array<{ readonly lane: Lane<Scheduled>; readonly ticket: Ticket }> = []
        const waiting: Array<{ readonly lane: Lane<Scheduled>; readonly item: Waiter }> = []
        let ends = 0
        let calls = 0
        for (let i = 0; i < 120; i++) {
          simulation.run(simulation.now + exponential(random, random() < 0.03 ? 5000 : 20))
          if (hadOutage && random() < 0.03) isOut = !isOut
          if (hadOutage && random() < 0.02) store.states.clear()
          const drawn = random()
          const lane = pick(random, lanes)
          if (drawn < 0.5) {
            calls++
            let isOver = false
            const end = () => {
              if (isOver) expect.fail("a call ended twice")
              isOver = true
              ends++
            }
            const item = call(
              lane,
              simulation,
              { deadline: random() < 0.2 ? simulation.now + random() * 3000 : Infinity },
              (ticket) => {
                end()
                open.push({ lane, ticket })
              },
              end
            )
            if (item !== undefined && !isOver) waiting.push({ lane, item })
          } else if (drawn < 0.6 && waiting.length > 0) {
            const [left] = waiting.splice(Math.floor(random() * waiting.length), 1)
            const before = left?.lane.waiting ?? 0
            if (left !== undefined) left.lane.leave(left.item)
            if ((left?.lane.waiting ?? 0) < before) ends++
          } else if (open.length > 0) {
            const [ended] = open.splice(Math.floor(random() * open.length), 1)
            if (ended !== undefined) ended.lane.record(ended.ticket, anyReport(random))
          }
          if (concurrency !== undefined && !hadOutage && open.length > concurrency) expect.fail(`${open.length} open`)
        }
        isOut = false
        for (let i = 0; lanes.some((lane) => lane.waiting > 0) || open.length > 0; i++) {
          if (i > 5000) expect.fail(`calls starve: ${lanes.map(({ waiting }) => waiting).join(", ")}`)
          const ended = open.shift()
          if (ended !== undefined) ended.lane.record(ended.ticket, { kind: "ok" })
          simulation.run(simulation.now + 300)
        }
        simulation.run(simulation.now + 1000)
        expect(ends).toBe(calls)
        for (const lane of lanes) expect(lane.isBusy).toBe(false)
        const text = store.states.get("key")
        if (text === undefined || hadOutage) return
        expect(decode(JSON.parse(text))).toMatchObject({ state: { inFlight: 0 }, members: {} })
      }),
      { numRuns: 120 }
    )
  })

  /** Lanes of several processes whose callers never stop, for a number of seconds. Returns the admissions of each. */
  const saturate = ({
    callers = () => 100,
    latency,
    millis = 5,
    processes,
    seconds,
    settings
  }: {
    readonly callers?: (n: number) => number
    readonly latency: (n: number) => number
    readonly millis?: number
    readonly processes: number
    readonly seconds: number
    readonly settings: Sharing["settings"]
  }) => {
    const simulation = new Simulation(7)
    const store = simulatedStore(simulation)
    const times: Array<number> = []
    let inFlight = 0
    let most = 0
    const admitted = Array.from({ length: processes }, (_, n) => {
      const lane = new SharedLane(
        "key",
        sharingOf({ id: `process ${n}`, settings, modify: store.modify(() => ({ delay: latency(n) })) }),
        hostOf(simulation)
      )
      let count = 0
      const again = () => {
        call(lane, simulation, {}, (ticket) => {
          count++
          times.push(simulation.now)
          most = Math.max(most, ++inFlight)
          simulation.after(millis * (0.5 + simulation.random()), () => {
            inFlight--
            lane.record(ticket, { kind: "ok" })
            again()
          })
        })
      }
      for (let i = 0; i < callers(n); i++) simulation.at(i, again)
      return () => count
    })
    simulation.run(seconds * 1000)
    const counts = admitted.map((count) => count())
    return { counts, total: counts.reduce((sum, count) => sum + count, 0), most, times, store }
  }

  it.each([
    ["the same latency", () => 0.3],
    ["one much nearer to the store", (n: number) => (n === 0 ? 0.1 : 3)]
  ] as const)("shares a known rate between four processes, with %s", (_, latency) => {
    const settings = { limits: { requests: 50 } }
    const { counts, store, times, total } = saturate({ processes: 4, seconds: 10, latency, settings })
    expect(total).toBeGreaterThan(0.97 * 50 * 10)
    expect(total).toBeLessThanOrEqual(50 * 10 + 6)
    expect(jain(counts)).toBeGreaterThan(0.95)
    for (const from of times) {
      expect(times.filter((time) => time >= from && time < from + 1000).length).toBeLessThanOrEqual(56)
    }
    // a step that only finds out that there is no room writes nothing
    expect(store.writes / total).toBeLessThan(2.2)
  })

  it.each([
    [1, 2],
    [4, 3],
    [8, 2]
  ])("shares %i calls in flight between %i processes", (concurrency, processes) => {
    const settings = { concurrency, limits: { requests: 1e6 } }
    const { counts, most, total } = saturate({
      processes,
      seconds: 20,
      latency: () => 1,
      millis: 200,
      settings,
      callers: (n) => (n === 0 ? 100 : 20)
    })
    expect(most).toBe(concurrency)
    expect(jain(counts)).toBeGreaterThan(0.95)
    expect(total).toBeGreaterThan(0.7 * 20 * 5 * concurrency)
  })

  const pair = (settings: Sharing["settings"], more: Partial<Sharing> = {}) => {
    const simulation = new Simulation(3)
    const store = simulatedStore(simulation)
    const failing = new Set<string>()
    const lane = (id: string, own: Sharing["settings"] = settings) =>
      new SharedLane(
        "key",
        sharingOf({ id, settings: own, modify: store.modify(() => ({ delay: 0, fails: failing.has(id) })), ...more }),
        hostOf(simulation)
      )
    return { simulation, store, lane, failing }
  }

  /** Admits as many calls at once as possible. */
  const burst = (lane: Lane<Scheduled>, simulation: Simulation, most = 100): ReadonlyArray<Ticket> => {
    const tickets: Array<Ticket> = []
    const items = Array.from({ length: most }, () => call(lane, simulation, {}, (ticket) => tickets.push(ticket)))
    for (const item of items) if (item !== undefined) lane.leave(item)
    return tickets
  }

  it("reports outcomes with the next call, or after the delay, and refusals at once", () => {
    const { lane, simulation, store } = pair({ limits: { requests: 100 } }, { delay: 5 })
    const one = lane("one")
    const [first] = burst(one, simulation, 1)
    expect(store.steps).toBe(1)
    if (first !== undefined) one.record(first, { kind: "ok" })
    const [second] = burst(one, simulation, 1)
    expect(store.steps).toBe(2)
    if (second !== undefined) one.record(second, { kind: "ok" })
    simulation.run(4.9)
    expect(store.steps).toBe(2)
    simulation.run(5.1)
    expect(store.steps).toBe(3)
    const [third] = burst(one, simulation, 1)
    if (third !== undefined) one.record(third, { kind: "refused" })
    expect(store.steps).toBe(5)
    expect(one.isBusy).toBe(false)
  })

  it("counts a long call as long as its process lives, and 30 seconds longer", () => {
    const { failing, lane, simulation } = pair({ concurrency: 3, limits: { requests: 100 } })
    const [one, other] = [lane("one"), lane("other")]
    expect(burst(one, simulation)).toHaveLength(3)
    simulation.run(600_000)
    expect(burst(other, simulation)).toHaveLength(0)
    // as if its process had been killed
    failing.add("one")
    simulation.run(simulation.now + 19_000)
    expect(burst(other, simulation)).toHaveLength(0)
    simulation.run(simulation.now + 12_000)
    expect(burst(other, simulation)).toHaveLength(3)
  })

  it("decides with its share while the store is unavailable", () => {
    const { failing, lane, simulation } = pair({ limits: { requests: 40 }, concurrency: 10 }, { processes: 4 })
    const one = lane("one")
    const first = burst(one, simulation)
    for (const ticket of first) one.record(ticket, { kind: "ok" })
    failing.add("one")
    const open: Array<Ticket> = []
    for (let i = 0; i < 1000; i++) call(one, simulation, {}, (ticket) => open.push(ticket))
    // what was admitted before is not granted again
    expect(open).toHaveLength(0)
    simulation.run(10_000)
    // a quarter of the concurrency
    expect(open).toHaveLength(2)
    for (let i = 0; i < 1000; i++) {
      for (const ticket of open.splice(0)) one.record(ticket, { kind: "ok" })
      simulation.run(simulation.now + 10)
    }
    expect(one.counts.admitted - first.length).toBeGreaterThan(97)
    expect(one.counts.admitted - first.length).toBeLessThanOrEqual(105)
    expect(one.counts.outages).toBe(1)
    failing.clear()
    simulation.run(simulation.now + 500)
    expect(one.state.concurrency).toBe(10)
  })

  it("fails waiting calls while the store is unavailable, if the option says so", () => {
    const { failing, lane, simulation } = pair({ concurrency: 1 }, { onOutage: "fail" })
    const one = lane("one")
    const [ticket] = burst(one, simulation)
    const refusals: Array<string> = []
    const ask = () => {
      const item = waiter({
        order: simulation.now,
        cost: {},
        deadline: Infinity,
        admitted: () => refusals.push("admitted"),
        refused: ({ by, why }) => refusals.push(`${why} by ${by}`)
      })
      if (one.tryAdmit({}) === undefined) one.wait(item)
    }
    ask()
    failing.add("one")
    if (ticket !== undefined) one.record(ticket, { kind: "ok" })
    ask()
    expect(refusals).toEqual(["outage by store", "outage by store"])
    expect(one.counts).toMatchObject({ outages: 1, refused: { store: 2 } })
    failing.clear()
    ask()
    expect(refusals).toHaveLength(3)
    expect(refusals[2]).toBe("admitted")
  })

  it("continues with empty buckets from what a process knows, when the store has lost the state", () => {
    const { lane, simulation, store } = pair({})
    const one = lane("one")
    const grow = (millis: number) => {
      const end = simulation.now + millis
      while (simulation.now < end) {
        for (const ticket of burst(one, simulation, 5)) one.record(ticket, { kind: "ok" })
        simulation.run(simulation.now + 10)
      }
    }
    grow(2000)
    one.record(burst(one, simulation, 1)[0] as Ticket, {
      kind: "ok",
      limits: [{ resource: "requests", perMinute: 6000 }]
    })
    simulation.run(5000)
    store.states.clear()
    expect(burst(one, simulation)).toHaveLength(0)
    expect(one.state.paces[0]).toMatchObject({ limit: 100 })
    simulation.run(simulation.now + 100)
    expect(burst(one, simulation).length).toBeGreaterThan(8)
    // a process that has not seen the lost state adopts the new one
    expect(burst(lane("other"), simulation)).toHaveLength(0)
  })

  it("continues when the clock of the store goes back", () => {
    const { lane, simulation, store } = pair({ limits: { requests: 10 } })
    const one = lane("one")
    for (const ticket of burst(one, simulation)) one.record(ticket, { kind: "ok" })
    store.offset = -3_600_000
    simulation.run(1000)
    burst(one, simulation)
    simulation.run(2000)
    expect(burst(one, simulation).length).toBeGreaterThan(0)
  })

  it("applies changed options to the stored state", () => {
    const { lane, simulation } = pair({ limits: { requests: 10 }, concurrency: 2 })
    const before = lane("before")
    burst(before, simulation)
    const after = lane("after", { limits: { requests: 30, input: 100 } })
    burst(after, simulation)
    expect(after.state.concurrency).toBe(Number.MAX_VALUE)
    expect(after.state.paces).toMatchObject([
      { resource: "requests", rate: 30, limit: 30, cap: 30 },
      { resource: "input", rate: 100, cap: 100 }
    ])
  })

  it("returns everything that a call took whose caller stopped waiting during the step", () => {
    const simulation = new Simulation(1)
    const store = simulatedStore(simulation)
    const lane = new SharedLane(
      "key",
      sharingOf({
        id: "one",
        settings: { limits: { requests: 10, input: 1000, output: 1000 } },
        modify: store.modify(() => ({ delay: 10 }))
      }),
      hostOf(simulation)
    )
    const item = call(lane, simulation, { cost: { input: 500 } }, () => expect.fail("admitted"))
    simulation.run(5)
    if (item !== undefined) lane.leave(item)
    expect(lane.waiting).toBe(0)
    simulation.run(25)
    const state = decode(JSON.parse(store.states.get("key") ?? ""))
    expect(state).toMatchObject({ members: {}, state: { inFlight: 0 } })
    expect(state?.state.paces.map(({ pending, spent }) => [pending, spent])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0]
    ])
    expect(state?.state.paces.map(({ level }) => Math.floor(level / 10))).toEqual([0, 301, 301])
    expect(state?.state.paces[0]?.level).toBe(5)
  })
})

describe("the slot of shared limits", () => {
  const text = () => {
    const simulation = new Simulation(1)
    const store = simulatedStore(simulation)
    const lane = new SharedLane("key", sharingOf({ id: "one", modify: store.modify() }), hostOf(simulation))
    call(lane, simulation, {}, () => {})
    return store.states.get("key") ?? ""
  }

  it("rejects a value that lacks any part, or has a part of another type", () => {
    const remove = (value: unknown, path: ReadonlyArray<string>, replacement: unknown): unknown => {
      const [name, ...others] = path
      if (name === undefined) return replacement
      const copy = (Array.isArray(value) ? [...(value as Array<unknown>)] : { ...(value as object) }) as Record<
        string,
        unknown
      >
      copy[name] = remove(copy[name], others, replacement)
      return copy
    }
    const paths = (value: unknown, path: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> =>
      typeof value === "object" && value !== null
        ? [path, ...Object.entries(value).flatMap(([name, inner]) => paths(inner, [...path, name]))]
        : [path]
    const given: unknown = JSON.parse(text())
    expect(decode(given)).toBeDefined()
    for (const path of paths(given, [])) {
      for (const replacement of [undefined, null, "text", Number.NaN, [[]]]) {
        if (replacement === "text" && path.at(-1) === "epoch") continue
        const value = remove(given, path, replacement)
        // an absent optional number is valid
        if (replacement === undefined && ["limit", "cap", "since"].includes(path.at(-1) ?? "")) continue
        expect(decode(value), `${path.join(".")} is ${String(replacement)}`).toBeUndefined()
      }
    }
    for (const value of [undefined, null, 1, "x", [], {}]) expect(decode(value)).toBeUndefined()
  })
})

describe("a share of a state", () => {
  it("divides each rate and limit, and restores them when it is multiplied", () => {
    const state = initial({ concurrency: 12, limits: { requests: 60, output: 900 } })
    const share = scaled(state, 1 / 3)
    expect(share).toMatchObject({ concurrency: 4, paces: [{ rate: 20, limit: 20 }, { rate: 300 }] })
    expect(scaled(share, 3)).toEqual(state)
  })

  it("moves all of its moments with the clock", () => {
    const state = { ...initial(), at: 5, sentAt: 4, until: 9, markedAt: 3, probedAt: 2 }
    expect(shift(structuredClone(state), 100)).toEqual({
      ...state,
      at: 105,
      sentAt: 104,
      until: 109,
      markedAt: 103,
      probedAt: 102
    })
  })
})
