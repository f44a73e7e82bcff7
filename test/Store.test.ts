import { Duration, Effect, TestClock } from "effect"
import { it } from "@effect/vitest"
import { describe, expect } from "vitest"
import { Store } from "../src/index.js"

const counter = (name: string): Store.Slot<number> => ({
  name,
  decode: (json) => (typeof json === "number" ? json : undefined),
  timeToLive: Duration.seconds(10)
})

const add = (state = 0): readonly [number, number] => [state + 1, state + 1]

describe("makeMemory", () => {
  it.effect("keeps the state of each key and slot apart", () =>
    Effect.gen(function* () {
      const store = yield* Store.makeMemory
      yield* store.modify(counter("a"), "x", add)
      expect(yield* store.modify(counter("a"), "x", add)).toBe(2)
      expect(yield* store.modify(counter("a"), "y", add)).toBe(1)
      expect(yield* store.modify(counter("b"), "x", add)).toBe(1)
    })
  )

  it.effect("forgets a state after its time to live, counted from the last change", () =>
    Effect.gen(function* () {
      const store = yield* Store.makeMemory
      const change = store.modify(counter("a"), "x", add)
      yield* change
      yield* TestClock.adjust("9999 millis")
      expect(yield* change).toBe(2)
      yield* TestClock.adjust("9999 millis")
      expect(yield* change).toBe(3)
      yield* TestClock.adjust("10 seconds")
      expect(yield* change).toBe(1)
    })
  )

  it.effect("passes the time of its clock to each step", () =>
    Effect.gen(function* () {
      const store = yield* Store.makeMemory
      const time = store.modify(counter("a"), "x", (_, now) => [now, 0])
      const before = yield* time
      yield* TestClock.adjust("3 seconds")
      expect((yield* time) - before).toBe(3000)
    })
  )

  it.effect("makes a separate store each time", () =>
    Effect.gen(function* () {
      const [one, other] = yield* Effect.all([Store.makeMemory, Store.makeMemory])
      yield* one.modify(counter("a"), "x", add)
      expect(yield* other.modify(counter("a"), "x", add)).toBe(1)
    })
  )
})

describe("StoreUnavailable", () => {
  it("describes the failure in its message", () => {
    const { message } = new Store.StoreUnavailable({ detail: "no response within 100ms" })
    expect(message).toBe("the store of shared limits is unavailable: no response within 100ms")
  })
})
