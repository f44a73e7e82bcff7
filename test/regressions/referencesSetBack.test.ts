/**
 * A reference that an attempt sets and then resets has an entry afterwards, but had none before. This counted as a change: on
 * each call of such a client, all references of the attempt's fiber were compared.
 */
import { Differ, Effect, FiberRef } from "effect"
import { Reliability, Workload } from "effect-reliability"
import { describe, expect, it } from "vitest"

describe("a FiberRef set by an attempt", () => {
  const protect = Reliability.protect(Workload.interactive)

  /** Runs an attempt, and returns how often another reference was compared, and the value of `ref` afterwards. */
  const compared = (attempt: (ref: FiberRef.FiberRef<number>) => Effect.Effect<void>) => {
    let comparisons = 0
    const differ = Differ.update<number>()
    const other = FiberRef.unsafeMakePatch(0, {
      differ: Differ.make({
        empty: differ.empty,
        combine: (first, second) => differ.combine(first, second),
        diff: (before, after) => {
          comparisons++
          return differ.diff(before, after)
        },
        patch: (patch, value) => differ.patch(patch, value)
      }),
      // each fiber has its own value: equal values are not compared
      fork: (value) => value + 1,
      join: (parent) => parent
    })
    const ref = FiberRef.unsafeMake(0)
    return FiberRef.set(other, 1).pipe(
      Effect.zipRight(protect(Effect.zipRight(Effect.yieldNow(), attempt(ref)))),
      Effect.zipRight(FiberRef.get(ref)),
      Effect.map((value) => ({ comparisons, value })),
      Effect.runPromise
    )
  }

  it("causes no comparisons if it is reset", async () => {
    const attempt = (ref: FiberRef.FiberRef<number>) => Effect.locally(Effect.void, ref, 1)
    expect(await compared(attempt)).toEqual({ comparisons: 0, value: 0 })
  })

  it("keeps its value if it is not reset", async () => {
    expect(await compared((ref) => FiberRef.set(ref, 1))).toEqual({ comparisons: 1, value: 1 })
  })
})
