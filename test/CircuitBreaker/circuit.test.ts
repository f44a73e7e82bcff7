/** The state machine of a circuit, against a naive model that keeps the whole history. */
import { FastCheck as fc } from "effect"
import { CircuitBreaker } from "effect-reliability"
import { describe, expect, it } from "vitest"
import {
  admit,
  type Admitted,
  copy,
  decode,
  initial,
  isIdle,
  record,
  type Refusal,
  renew
} from "../../src/internal/circuitBreaker/circuit.js"

type Operation =
  | { readonly does: "wait"; readonly millis: number }
  | { readonly does: "admit" }
  | { readonly does: "end"; readonly which: number; readonly outcome: "Success" | "Failure" | "Ignored" }

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant("wait" as const), millis: fc.constantFrom(0, 1, 10, 99, 100, 150, 400) })
  },
  { weight: 5, arbitrary: fc.record({ does: fc.constant("admit" as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant("end" as const),
      which: fc.nat(30),
      outcome: fc.constantFrom("Success" as const, "Failure" as const, "Failure" as const, "Ignored" as const)
    })
  }
)

const policies = fc.oneof(
  fc.integer({ min: 1, max: 4 }).map(CircuitBreaker.consecutive),
  fc
    .record({ threshold: fc.constantFrom(0, 0.25, 0.5, 1), size: fc.integer({ min: 1, max: 6 }), less: fc.nat(5) })
    .map(({ less, size, threshold }) =>
      CircuitBreaker.rate({ threshold, size, minimumCalls: Math.max(1, size - less) })
    )
)

/** The open time of an opening, by its number. */
const openFor = (openings: number): number => 100 * openings

interface Call {
  readonly start: number
  readonly epoch: number
  readonly isProbe: boolean
  readonly openings: number
  outcome?: "Success" | "Failure" | "Ignored"
}

/** Keeps all calls, and decides by searching them. */
class Model {
  now = 0
  state = "Closed"
  /** The number of changes of state, after which earlier calls do not count. */
  epoch = 0
  openedAt = 0
  closedAt = 0
  openings = 0
  calls: Array<Call> = []
  readonly policy: CircuitBreaker.TripPolicy

  constructor(policy: CircuitBreaker.TripPolicy) {
    this.policy = policy
  }

  open() {
    this.state = "Open"
    this.epoch++
    this.openedAt = this.now
  }

  /** The open time of the last opening. */
  lasts = 0

  admit(): Call | undefined {
    if (this.state === "Closed" && this.openings > 0 && this.now >= this.closedAt + this.lasts) this.openings = 0
    if (this.state === "Open" && this.now < this.openedAt + this.lasts) return undefined
    if (this.state === "Open") {
      this.state = "HalfOpen"
      this.epoch++
    }
    const isUnderWay = this.calls.some(
      (call) => call.isProbe && call.epoch === this.epoch && call.outcome === undefined
    )
    if (this.state === "HalfOpen" && isUnderWay) return undefined
    const { epoch, openings } = this
    const call: Call = { start: this.calls.length, epoch, openings, isProbe: this.state === "HalfOpen" }
    this.calls.push(call)
    return call
  }

  end(call: Call, outcome: "Success" | "Failure" | "Ignored") {
    if (call.outcome !== undefined) return
    call.outcome = outcome
    if (call.epoch !== this.epoch) return
    if (this.state === "HalfOpen" && outcome === "Success") {
      this.state = "Closed"
      this.epoch++
      this.closedAt = this.now
    }
    if (this.state === "HalfOpen" ? outcome === "Failure" : this.trips(outcome)) {
      this.lasts = openFor(call.openings + 1)
      this.openings++
      this.open()
    }
  }

  trips(outcome: string): boolean {
    if (this.state !== "Closed" || outcome === "Ignored") return false
    const known = this.calls
      .filter((call) => call.epoch === this.epoch && !call.isProbe && (call.outcome ?? "Ignored") !== "Ignored")
      .toSorted((a, b) => a.start - b.start)
      .map((call) => call.outcome)
    if (this.policy._tag === "Consecutive") {
      return known.length - 1 - known.lastIndexOf("Success") >= this.policy.failures
    }
    const ring = known.slice(-this.policy.size)
    const failures = ring.filter((outcome) => outcome === "Failure").length
    return failures > 0 && ring.length >= this.policy.minimumCalls && failures / ring.length >= this.policy.threshold
  }
}

/** Fails with both values unless they are the same. `expect` in each step would take most of the time of the test. */
const same = (mine: unknown, theirs: unknown) => {
  if (mine !== theirs) expect(mine).toEqual(theirs)
}

const shown = (one: { readonly isProbe: boolean; readonly openings: number } | undefined) =>
  one && `${one.isProbe} ${one.openings}`

const admittedOf = (admission: Admitted | Refusal): Admitted | undefined =>
  "generation" in admission ? admission : undefined

const refusalOf = (admission: Admitted | Refusal): Refusal | undefined =>
  "generation" in admission ? undefined : admission

describe("a circuit", () => {
  it("decides like a naive model in 100 000 steps", () => {
    let steps = 0
    let opened = 0
    const operations = fc.array(operation, { minLength: 100, maxLength: 300, size: "max" })
    fc.assert(
      fc.property(policies, operations, (policy, operations) => {
        const model = new Model(policy)
        const circuit = initial(model.now)
        const admitted: Array<readonly [Admitted, Call]> = []
        for (const step of operations) {
          steps++
          if (step.does === "wait") model.now += step.millis
          else if (step.does === "admit") {
            const admission = admit(circuit, model.now, Infinity)
            const [permit, refusal] = [admittedOf(admission), refusalOf(admission)]
            const call = model.admit()
            same(shown(permit), shown(call))
            if (refusal?.state === "Open") same(refusal.millis, model.openedAt + model.lasts - model.now)
            if (permit !== undefined && call !== undefined) admitted.push([permit, call])
          } else {
            const [permit, call] = admitted[admitted.length - 1 - step.which] ?? []
            if (permit === undefined || call === undefined || call.outcome !== undefined) continue
            const before = model.state
            const change = record(circuit, model.now, permit, { _tag: step.outcome }, policy, openFor)
            model.end(call, step.outcome)
            if (model.state === "Open" && before !== "Open") opened++
            same(
              change && `${change.from} ${change.to}`,
              before === model.state ? undefined : `${before} ${model.state}`
            )
          }
          same(circuit.state, model.state)
        }
        // as in a store
        expect(decode(JSON.parse(JSON.stringify(circuit)))).toEqual(circuit)
      }),
      { numRuns: 700 }
    )
    expect(steps).toBeGreaterThan(100_000)
    expect(opened).toBeGreaterThan(1000)
  })

  const closedAfter = (failures: number) => {
    const policy = CircuitBreaker.consecutive(failures)
    const circuit = initial(0)
    const start = (now = 0, lease = Infinity): Admitted => {
      const admission = admittedOf(admit(circuit, now, lease))
      if (admission === undefined) throw new Error("refused")
      return admission
    }
    const end = (permit: Admitted, outcome: "Success" | "Failure", now = 0) => {
      record(circuit, now, permit, { _tag: outcome }, policy, () => 100)
      return circuit.state
    }
    return { circuit, start, end }
  }

  it("does not let a success of a call that began before the failures hide them", () => {
    const { end, start } = closedAfter(2)
    const [old, first, second] = [start(), start(), start()]
    end(first, "Failure")
    end(old, "Success")
    expect(end(second, "Failure")).toBe("Open")
  })

  it("does not let a failure of a call that began before a success count after it", () => {
    const { end, start } = closedAfter(1)
    const [slow, quick] = [start(), start()]
    end(quick, "Success")
    expect(end(slow, "Failure")).toBe("Closed")
  })

  it("admits another probe once the lease of the first is over, and ignores the outcome of the first", () => {
    const { circuit, end, start } = closedAfter(1)
    end(start(), "Failure")
    const first = start(100, 50)
    expect(admit(circuit, 149, 50)).toMatchObject({ state: "HalfOpen", millis: 50 })
    const second = start(150, 50)
    expect([first.isProbe, second.isProbe]).toEqual([true, true])
    expect([renew(circuit, 160, first, 50), circuit.probeUntil]).toEqual([false, 200])
    expect([renew(circuit, 160, second, 50), circuit.probeUntil]).toEqual([true, 210])
    expect(end(first, "Success", 160)).toBe("HalfOpen")
    expect(end(second, "Success", 160)).toBe("Closed")
  })

  it("does not change the state of which a copy was made", () => {
    const { circuit, end, start } = closedAfter(1)
    const [failing, before] = [start(), copy(circuit)]
    const kept = copy(before)
    expect(end(failing, "Failure")).toBe("Open")
    record(before, 0, failing, CircuitBreaker.success, CircuitBreaker.consecutive(1), openFor)
    expect([before.outcomes, kept.outcomes]).toEqual([[2], []])
  })

  it("gives a circuit that was removed and created again a later generation", () => {
    const [first, later] = [initial(1000), initial(1001)]
    expect(later.generation).toBeGreaterThan(first.generation)
  })

  it.each([
    ["Closed", { state: "Closed" }, 999, 1000],
    ["open past its open time", { state: "Open", until: 500 }, 1499, 1500],
    ["half-open", { state: "HalfOpen" }, 999, 1000],
    ["probing", { state: "HalfOpen", probeUntil: 5000 }, 4999, 5000]
  ] as const)("becomes idle after its time to live if it is %s", (_, fields, before, after) => {
    const circuit = { ...initial(0), ...fields }
    expect([isIdle(circuit, before, 1000), isIdle(circuit, after, 1000)]).toEqual([false, true])
  })

  it.each([
    null,
    1,
    {},
    { ...initial(0), state: "Broken" },
    { ...initial(0), outcomes: ["x"] },
    { ...initial(0), at: null }
  ])("does not decode %j", (json) => expect(decode(json)).toBe(undefined))
})
