import { FastCheck as fc } from "effect"
import { describe, expect, it } from "vitest"
import { TimerQueue, Wake } from "../../../src/testing/internal/simulator/timerQueue.js"

const ignore = () => {}

/** Steps: a number sets a timer for that time, a share cancels one of the timers, and `fire` removes the first. */
const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        set: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.double({ min: 0, max: 9, noNaN: true }))
      })
    },
    { weight: 2, arbitrary: fc.record({ cancel: fc.double({ min: 0, max: 0.999, noNaN: true }) }) },
    { weight: 1, arbitrary: fc.constant("fire" as const) }
  ),
  { maxLength: 300, size: "max" }
)

describe("the timers of virtual time", () => {
  it("fires in the order of time, then of numbers, whatever is cancelled between", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const queue = new TimerQueue()
        let sorted: ReadonlyArray<Wake> = []
        const gone: Array<Wake> = []
        const remove = (wake: Wake | undefined) => {
          if (wake === undefined) return
          queue.remove(wake)
          sorted = sorted.filter((other) => other !== wake)
          gone.push(wake)
        }
        for (const [number, step] of taken.entries()) {
          if (step === "fire") remove(queue.first)
          else if ("cancel" in step) remove(sorted[Math.floor(step.cancel * sorted.length)])
          else {
            const wake = new Wake(step.set, number, ignore)
            queue.add(wake)
            sorted = [...sorted, wake].toSorted((a, b) => a.time - b.time || a.number - b.number)
          }
          expect(queue.first).toBe(sorted[0])
        }
        // a timer that is not in the queue any more is not removed again
        for (const wake of gone) queue.remove(wake)
        for (const wake of sorted) {
          expect(queue.first).toBe(wake)
          remove(wake)
        }
        expect(queue.first).toBe(undefined)
        expect(gone.every(({ place }) => place === -1)).toBe(true)
      })
    )
  })
})
