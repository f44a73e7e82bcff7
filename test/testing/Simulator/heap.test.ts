import { FastCheck as fc } from "effect"
import { describe, expect, it } from "vitest"
import { Heap, HeapNode } from "../../../src/internal/heap.js"

type Node = HeapNode<string>

/** Steps: a number is added as a key, a share removes one of the nodes, and `first` removes the first. */
const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        add: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.double({ min: 0, max: 9, noNaN: true }))
      })
    },
    { weight: 2, arbitrary: fc.record({ remove: fc.double({ min: 0, max: 0.999, noNaN: true }) }) },
    { weight: 1, arbitrary: fc.constant("first" as const) }
  ),
  { maxLength: 300, size: "max" }
)

describe("the heap of timers and waiting calls", () => {
  it("keeps the order of keys, then of numbers, whatever is removed between", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const heap = new Heap<string>()
        let sorted: ReadonlyArray<Node> = []
        const gone: Array<Node> = []
        const remove = (node: Node | undefined) => {
          if (node === undefined) return
          heap.remove(node)
          sorted = sorted.filter((other) => other !== node)
          gone.push(node)
        }
        for (const [number, step] of taken.entries()) {
          if (step === "first") remove(heap.first)
          else if ("remove" in step) remove(sorted[Math.floor(step.remove * sorted.length)])
          else {
            const node = new HeapNode(step.add, number, `${number}`)
            heap.add(node)
            sorted = [...sorted, node].toSorted((a, b) => a.key - b.key || a.number - b.number)
          }
          expect(heap.first).toBe(sorted[0])
          expect(heap.size).toBe(sorted.length)
        }
        // a node that is not in the heap any more is not removed again
        for (const node of gone) heap.remove(node)
        for (const node of sorted) {
          expect(heap.first).toBe(node)
          remove(node)
        }
        expect(heap.first).toBe(undefined)
        expect(gone.every(({ index }) => index === -1)).toBe(true)
      })
    )
  })
})
