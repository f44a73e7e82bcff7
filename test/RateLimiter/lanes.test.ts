import { FastCheck as fc } from "effect"
import { describe, expect, it } from "vitest"
import { Lane, type Waiter } from "../../src/internal/rateLimiter/lane.js"
import { apply, ask, copy, initial, transition, unbounded } from "../../src/internal/rateLimiter/machine.js"
import type { Brake, Cost, Report, ServerLimit, State, Ticket } from "../../src/internal/rateLimiter/model.js"
import { exponential, type Random, seeded } from "../../src/testing/internal/simulator/random.js"
import { VirtualTime } from "../../src/testing/internal/simulator/virtualTime.js"
import { scenarios, score } from "../support/traffic/scenarios.js"
import { waiter } from "../support/waiter.js"

const freeze = <A>(value: A): A => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) freeze(inner)
  }
  return value
}

const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 })

const pick = <A>(random: Random, values: ReadonlyArray<A>): A => values[Math.floor(random() * values.length)] as A

const anyCost = (random: Random): Cost => ({
  input: random() < 0.3 ? undefined : Math.floor(random() * 5000),
  maxOutput: random() < 0.5 ? undefined : 100 + Math.floor(random() * 4000)
})

const anyLimits = (random: Random): ReadonlyArray<ServerLimit> | undefined => {
  if (random() < 0.8) return undefined
  const resources = (["requests", "input", "output"] as const).filter(() => random() < 0.7)
  return resources.map((resource) => ({
    resource,
    perMinute: 5000 + Math.floor(random() * 1e6),
    remaining: random() < 0.5 ? undefined : Math.floor(random() * 1e6)
  }))
}

/** How a server behaves, for one history. */
interface Behaviour {
  readonly failing: number
  readonly refusing: number
}

const anyBehaviour = (random: Random): Behaviour => {
  const failing = random()
  return { failing, refusing: random() * (1 - failing) }
}

const anyReport = (random: Random, { failing, refusing }: Behaviour, streamed: boolean): Report => {
  const limits = anyLimits(random)
  if (!streamed && random() < 0.2) return { kind: "first", limits }
  const drawn = random()
  const kind = drawn < failing ? "failed" : drawn < failing + refusing ? "refused" : random() < 0.05 ? "dropped" : "ok"
  return {
    kind,
    streamed,
    limits,
    hint: kind !== "ok" && random() < 0.3 ? random() * 5000 : undefined,
    timeout: kind === "failed" && random() < 0.3,
    usage: { input: Math.floor(random() * 3000), output: Math.floor(random() * 3000) }
  }
}

interface Open {
  readonly ticket: Ticket
  streamed: boolean
}

/** A random history of one key; `look` sees each state. */
const history = (
  seed: number,
  steps: number,
  step: (state: State, now: number, event: Parameters<typeof apply>[2]) => readonly [State, ReturnType<typeof apply>],
  look: (state: State, now: number, open: ReadonlyArray<Open>) => void
): { readonly state: State; readonly open: ReadonlyArray<Open>; readonly now: number } => {
  const random = seeded(seed)
  const behaviour = anyBehaviour(random)
  const concurrency = random() < 0.3 ? 1 + Math.floor(random() * 20) : undefined
  let state = initial({ concurrency, limits: random() < 0.3 ? { requests: 1 + random() * 100 } : {} })
  let now = 0
  let heldBy: Brake | undefined
  const open: Array<Open> = []
  for (let i = 0; i < steps; i++) {
    now += exponential(random, random() < 0.02 ? 20_000 : 50)
    // some clocks go back
    if (random() < 0.01) now = Math.max(0, now - random() * 1000)
    if (random() < 0.55) {
      const [next, decision] = step(state, now, { _tag: "Ask", cost: anyCost(random), heldBy })
      state = next
      if (decision._tag === "Admitted") {
        open.push({ ticket: decision.ticket, streamed: false })
        heldBy = undefined
      } else if (decision._tag === "Waiting") heldBy = decision.by
    } else if (open.length > 0) {
      const one = pick(random, open)
      const report = anyReport(random, behaviour, one.streamed)
      if (report.kind === "first") one.streamed = true
      else open.splice(open.indexOf(one), 1)
      state = step(state, now, { _tag: "Report", ticket: one.ticket, report })[0]
    }
    look(state, now, open)
  }
  return { state, open, now }
}

const inPlace = (state: State, now: number, event: Parameters<typeof apply>[2]) =>
  [state, apply(state, now, event)] as const

describe("the state machine", () => {
  it("changes no state that it is given, and agrees with itself in place", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        let live: State | undefined
        history(
          seed,
          60,
          (state, now, event) => {
            live ??= copy(state)
            const [next, decision] = transition(freeze(state), now, event)
            expect(apply(live, now, event)).toEqual(decision)
            return [next, decision]
          },
          (state) => {
            expect(live ?? state).toEqual(state)
          }
        )
      }),
      { numRuns: 200 }
    )
  })

  it("keeps its state in JSON", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { state } = history(seed, 100, inPlace, () => {})
        expect(JSON.parse(JSON.stringify(state))).toEqual(JSON.parse(JSON.stringify(copy(state))))
        const decoded = JSON.parse(JSON.stringify(state)) as State
        expect(ask(decoded, state.at + 1, {})).toEqual(ask(state, state.at + 1, {}))
        expect(JSON.stringify(state)).not.toContain("null")
      }),
      { numRuns: 300 }
    )
  })

  it("counts the calls in flight, lets a call go when none is, and none in a pause", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { now, open, state } = history(seed, 300, inPlace, (state, now, open) => {
          const fits =
            state.inFlight === open.length &&
            state.window >= 1 &&
            state.until < Math.max(now, state.at) + 30_000 &&
            state.paces.every(
              ({ level, rate }) => rate > 0 && rate < 1e9 && level < 1e9 && Number.isFinite(level) && rate >= 1 / 61
            )
          if (!fits) expect.fail(`the state is ${JSON.stringify(state)} at ${now} with ${open.length} open`)
          const { by, millis } = ask(state, now, {})
          const mayWait =
            millis >= 0 &&
            (millis < Infinity || state.inFlight > 0) &&
            (state.until <= Math.max(now, state.at) || by === "pause") &&
            (state.inFlight < state.concurrency || millis > 0)
          if (!mayWait) expect.fail(`the wait is ${millis} by ${by} at ${now} in ${JSON.stringify(state)}`)
        })
        for (const { streamed, ticket } of open) {
          apply(state, now, { _tag: "Report", ticket, report: { kind: "dropped", streamed } })
        }
        expect(state.inFlight).toBe(0)
        for (const { pending } of state.paces) expect(Math.abs(pending)).toBeLessThan(1e-6)
      }),
      // limits that shrink again and again
      { numRuns: 600, examples: [[1_323_963_550]] }
    )
  })

  it("lets a call go when the wait that it named is over", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { now, state } = history(seed, 100, inPlace, () => {})
        const cost = { input: 1000 }
        for (let at = now, waits = 0; ; waits++) {
          const { millis } = ask(state, at, cost)
          if (millis === 0 || millis === Infinity) break
          expect(waits).toBeLessThan(10)
          at = Math.max(at, state.at) + millis + 1e-6
        }
      }),
      { numRuns: 500 }
    )
  })

  it("lowers the pace at the first refusal of calls that were sent together, and at no other of them", () => {
    const state = initial()
    const tickets = Array.from({ length: 5 }, (_, i) => {
      const decision = apply(state, 1000 + i * 400, { _tag: "Ask", cost: {}, heldBy: "requests" })
      if (decision._tag !== "Admitted") throw new Error("not admitted")
      return decision.ticket
    })
    const [first, ...others] = tickets
    const before = state.paces[0]?.rate
    apply(state, 3000, { _tag: "Report", ticket: first as Ticket, report: { kind: "refused" } })
    const after = state.paces[0]?.rate
    expect(after).toBeLessThan(before as number)
    for (const ticket of others) apply(state, 3001, { _tag: "Report", ticket, report: { kind: "refused" } })
    expect(state.paces[0]?.rate).toBe(after)
    expect(state.refusals).toBe(1)
  })

  it("shuts after five failures in a row, lets one probe go, and opens when the probe succeeds", () => {
    const state = initial({ limits: { requests: 1000 } })
    let now = 0
    const send = () => {
      const decision = apply(state, (now += 10), { _tag: "Ask", cost: {}, heldBy: undefined })
      if (decision._tag !== "Admitted") throw new Error(`waits ${JSON.stringify(decision)}`)
      return decision.ticket
    }
    const together = Array.from({ length: 5 }, send)
    for (const ticket of together) {
      apply(state, (now += 10), { _tag: "Report", ticket, report: { kind: "failed" } })
    }
    const closed = ask(state, now, {})
    expect(closed.by).toBe("pause")
    now += closed.millis + 200
    const probe = send()
    expect(ask(state, now + 1, {}).by).toBe("pause")
    apply(state, (now += 10), { _tag: "Report", ticket: probe, report: { kind: "ok" } })
    expect(ask(state, now + 1000, {}).millis).toBe(0)
  })

  it("does not exceed a given limit, whatever headers report", () => {
    const state = initial({ limits: { requests: 2 } })
    const decision = apply(state, 0, { _tag: "Ask", cost: {}, heldBy: undefined })
    if (decision._tag !== "Admitted") throw new Error("not admitted")
    const limits: ReadonlyArray<ServerLimit> = [{ resource: "requests", perMinute: 6000, remaining: 6000 }]
    apply(state, 100, { _tag: "Report", ticket: decision.ticket, report: { kind: "ok", limits } })
    expect(state.paces[0]?.rate).toBe(2)
    const lower: ReadonlyArray<ServerLimit> = [{ resource: "requests", perMinute: 60 }]
    apply(state, 100, { _tag: "Report", ticket: decision.ticket, report: { kind: "first", limits: lower } })
    expect(state.paces[0]?.rate).toBe(1)
  })

  it("keeps a pace after a refusal at most as fast as a limit below any learned pace", () => {
    const state = initial({ limits: { requests: 1 / 600 } })
    const decision = apply(state, 1000, { _tag: "Ask", cost: {}, heldBy: undefined })
    if (decision._tag !== "Admitted") throw new Error("not admitted")
    state.strict = true
    apply(state, 9000, { _tag: "Report", ticket: decision.ticket, report: { kind: "refused" } })
    expect(state.paces[0]?.rate).toBeLessThanOrEqual(1 / 600)
  })

  it("keeps admitting and learning while calls of thirty minutes are in flight", () => {
    const state = initial()
    const minute = 60_000
    let now = 0
    const long: Array<Ticket> = []
    for (; now < 40 * minute; now += 1000) {
      const decision = apply(state, now, { _tag: "Ask", cost: {}, heldBy: undefined })
      if (decision._tag !== "Admitted") throw new Error(`waits ${JSON.stringify(decision)}`)
      const { ticket } = decision
      if (now % (5 * minute) === 0) long.push(ticket)
      else apply(state, now + 500, { _tag: "Report", ticket, report: { kind: "ok" } })
      const [due] = long
      if (due === undefined || now - due.at < 30 * minute) continue
      long.shift()
      // its refusal shows the load of half an hour ago
      apply(state, now, { _tag: "Report", ticket: due, report: { kind: "failed", timeout: true } })
    }
    expect(state.inFlight).toBe(long.length)
    expect(state.window).toBe(unbounded)
    expect(state.failures).toBe(0)
  })
})

// -------------------------------------------------------------------------------------------------
// Lanes
// -------------------------------------------------------------------------------------------------

interface Caller extends Waiter {
  readonly arrival: number
  readonly urgent: boolean
  ends: number
}

/** One random interleaving of calls, interruptions, responses and clock steps on a lane. */
const interleave = (seed: number, steps: number): void => {
  const simulation = new VirtualTime({ promises: false })
  const random = seeded(seed)
  const behaviour = anyBehaviour(random)
  let timers = 0
  const most = random() < 0.2 ? Math.floor(random() * 5) : Infinity
  const concurrency = random() < 0.4 ? 1 + Math.floor(random() * 3) : undefined
  const lane = new Lane(
    initial({ concurrency }),
    {
      now: () => simulation.now,
      random,
      setTimer: (millis, fire) => {
        timers++
        return simulation.after(millis, () => {
          timers--
          fire()
        })
      },
      clearTimer: (timer) => {
        if (timer.index >= 0) timers--
        simulation.cancel(timer)
      }
    },
    most
  )
  const slack = 5000
  const waiting: Array<Caller> = []
  const open: Array<Open> = []
  const callers: Array<Caller> = []
  const isBefore = (a: Caller, b: Caller) => a.order < b.order || (a.order === b.order && a.arrival < b.arrival)
  const end = (caller: Caller): void => {
    caller.ends++
    const index = waiting.indexOf(caller)
    if (index >= 0) waiting.splice(index, 1)
  }
  const fail = (problem: string) => expect.fail(`${problem}, at ${simulation.now} of seed ${seed}`)
  for (let i = 0; i < steps; i++) {
    simulation.advanceTo(simulation.now + exponential(random, random() < 0.05 ? 5000 : 30))
    const drawn = random()
    if (drawn < 0.5) {
      const cost = anyCost(random)
      const ticket = lane.tryAdmit(cost)
      if (ticket !== undefined) {
        if (waiting.length > 0) fail("a call overtook those that wait")
        open.push({ ticket, streamed: false })
      } else {
        const urgent = random() < 0.5
        const caller: Caller = {
          ...waiter({
            order: simulation.now + (urgent ? 0 : slack),
            cost,
            deadline: random() < 0.3 ? simulation.now + random() * 3000 : Infinity,
            admitted: (ticket) => {
              if (caller.deadline < simulation.now) fail("a call began after its deadline")
              if (waiting.some((other) => other !== caller && isBefore(other, caller))) fail("a call was overtaken")
              end(caller)
              open.push({ ticket, streamed: false })
            },
            refused: () => end(caller)
          }),
          arrival: i,
          urgent,
          ends: 0
        }
        callers.push(caller)
        waiting.push(caller)
        lane.wait(caller)
      }
    } else if (drawn < 0.65 && waiting.length > 0) {
      const caller = pick(random, waiting)
      end(caller)
      lane.leave(caller)
    } else if (open.length > 0) {
      const one = pick(random, open)
      const report = anyReport(random, behaviour, one.streamed)
      if (report.kind === "first") one.streamed = true
      else open.splice(open.indexOf(one), 1)
      lane.record(one.ticket, report)
    }
    if (lane.state.inFlight !== open.length) fail(`${lane.state.inFlight} in flight of ${open.length}`)
    if (concurrency !== undefined && open.length > concurrency) fail(`${open.length} above the concurrency`)
    if (lane.waiting !== waiting.length) fail(`${lane.waiting} wait of ${waiting.length}`)
    if (waiting.length > most) fail("the queue is longer than it may be")
    if (timers > 1) fail(`${timers} timers`)
  }
  // whatever happens, all that wait get their turn once responses arrive
  for (let i = 0; waiting.length > 0; i++) {
    if (i > 10_000) fail(`${waiting.length} calls starve`)
    const one = open.shift()
    if (one !== undefined) lane.record(one.ticket, { kind: "ok", streamed: one.streamed })
    simulation.advanceTo(simulation.now + 1000)
  }
  for (const { ticket, streamed } of open) lane.record(ticket, { kind: "ok", streamed })
  if (lane.isBusy || timers > 0) fail("the lane is not idle at the end")
  for (const caller of callers) if (caller.ends !== 1) fail(`a call ended ${caller.ends} times`)
}

describe("a lane", () => {
  // in parts, so that none blocks the worker for long
  it.each(Array.from({ length: 10 }, (_, part) => part))(
    "ends each wait once, in order, with one timer, in any of 10 000 interleavings (%i of 10)",
    () => {
      fc.assert(
        fc.property(seeds, (seed) => interleave(seed, 8)),
        { numRuns: 9700 }
      )
      fc.assert(
        fc.property(seeds, (seed) => interleave(seed, 100)),
        { numRuns: 300 }
      )
    }
  )

  const manual = (most?: number) => {
    const simulation = new VirtualTime({ promises: false })
    const lane = new Lane(
      initial({ concurrency: 1 }),
      {
        now: () => simulation.now,
        random: () => 0,
        setTimer: (millis, fire) => simulation.after(millis, fire),
        clearTimer: (timer) => simulation.cancel(timer)
      },
      most
    )
    const log: Array<string> = []
    const wait = (name: string, order: number, deadline = Infinity) => {
      const item = waiter({
        order,
        deadline,
        cost: {},
        admitted: () => log.push(name),
        refused: ({ by, why }) => log.push(`${name} ${why} ${by}`)
      })
      lane.wait(item)
      return item
    }
    return { simulation, lane, log, wait }
  }

  it("lets urgent calls overtake patient ones, for as long as the slack of their class", () => {
    const { lane, log, wait } = manual()
    const ticket = lane.tryAdmit({}) as Ticket
    wait("patient", 60)
    wait("urgent", 1)
    wait("late urgent", 61)
    for (let i = 0; i < 3; i++) lane.record(ticket, { kind: "ok" })
    expect(log).toEqual(["urgent", "patient", "late urgent"])
  })

  it("sets no timer that a clock would round to nothing, and would fire again and again at the same moment", () => {
    const timers: Array<number> = []
    const host = {
      now: () => 600_000,
      random: () => 0,
      setTimer: (millis: number) => timers.push(millis),
      clearTimer: () => {}
    }
    const lane = new Lane(initial({ concurrency: 1 }), host)
    lane.tryAdmit({})
    lane.wait(waiter({ order: 0, cost: {}, deadline: 600_000 + 1e-9, admitted: () => {}, refused: () => {} }))
    expect(timers).toEqual([1e-3])
  })

  it("refuses a call at once when the queue is full, and names the brake", () => {
    const { lane, log, wait } = manual(1)
    lane.tryAdmit({})
    wait("first", 0)
    wait("second", 0)
    expect(log).toEqual(["second queue concurrency"])
    expect(lane.counts.refused).toEqual({ concurrency: 1 })
  })

  it("refuses a call that waits when its deadline comes, by the same timer", () => {
    const { lane, log, simulation, wait } = manual()
    lane.tryAdmit({})
    wait("a", 0, 500)
    wait("b", 0, 300)
    simulation.advanceTo(299)
    expect(log).toEqual([])
    simulation.advanceTo(300)
    expect(log).toEqual(["b deadline concurrency"])
    simulation.advanceTo(500)
    expect(log).toEqual(["b deadline concurrency", "a deadline concurrency"])
  })

  it("forgets a call that gives up", () => {
    const { lane, log, wait } = manual()
    const ticket = lane.tryAdmit({}) as Ticket
    const item = wait("a", 0)
    wait("b", 1)
    lane.leave(item)
    lane.leave(item)
    lane.record(ticket, { kind: "ok" })
    expect(log).toEqual(["b"])
    expect(lane.waiting).toBe(0)
  })
})

describe("traffic", () => {
  const scenarioOf = (name: string) => {
    const found = scenarios.find((scenario) => scenario.name === name)
    if (found === undefined) throw new Error(`no scenario ${name}`)
    return found
  }

  it.each([
    // goodput at least, attempts per success at most, surfaced failures at most
    ["bucket none x100", 0.98, 1.02, 0],
    ["tokens hdr burst10s", 0.97, 1.03, 0],
    ["change none x0.3 x3", 0.94, 1.03, 0],
    ["slots 429 x200", 0.96, 1.04, 0],
    ["outage 1.05x timeout2s", 0.98, 1.02, 0],
    ["processes none p2", 0.98, 1.03, 0]
  ] as const)("reaches what a server admits, with few refusals: %s", async (name, goodput, perSuccess, failed) => {
    const scores = await score(scenarioOf(name), 1)
    expect(scores.goodput).toBeGreaterThan(goodput)
    expect(scores.attemptsPerSuccess).toBeLessThan(perSuccess)
    expect(scores.failed).toBeLessThanOrEqual(failed)
  })
})
