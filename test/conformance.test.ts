/**
 * Runs every situation of `conformance/situations.ts`, in memory and over each transport, and compares the results with
 * `.github/CONFORMANCE.md`. `npm run conformance` writes that page.
 */
import { Effect } from "effect"
import { beforeAll, describe, expect, it } from "vitest"
import { differences, inMemory, type Observed, onSocket } from "./conformance/act.js"
import { scoreboard } from "./conformance/scoreboard.js"
import { type Situation, situations } from "./conformance/situations.js"
import { memory, type Over, transports } from "./conformance/transports.js"

type Result = { readonly observed: Observed } | { readonly defect: unknown }

const exitOf = (effect: Effect.Effect<Observed>): Effect.Effect<Result> =>
  Effect.matchCause(effect, { onSuccess: (observed) => ({ observed }), onFailure: (defect) => ({ defect }) })

const results = new Map<string, ReadonlyMap<Situation, Result>>()

const appliesTo = (name: string) => situations.filter(({ not = [] }) => !not.includes(name))

const isAsExpected = (situation: Situation, over: Over, result: Result | undefined): boolean =>
  result !== undefined && "observed" in result && differences(situation, over, result.observed).length === 0

/**
 * Runs all situations, many at once. Their times are scaled down to milliseconds, and a busy machine may miss them: a
 * situation that differs runs again alone. If the code is wrong, it differs again.
 */
const runAll = (over: Over, act: (situation: Situation) => Effect.Effect<Observed>): Effect.Effect<void> =>
  Effect.gen(function* () {
    const perform = (situation: Situation) =>
      Effect.map(exitOf(act(situation)), (result) => [situation, result] as const)
    let rows = new Map(yield* Effect.forEach(appliesTo(over.name), perform, { concurrency: 40 }))
    // in memory, time is virtual: running a situation again changes nothing
    const repetitions = over === memory ? 0 : 3
    for (let again = 0; again < repetitions; again++) {
      const different = [...rows].filter(([situation, result]) => !isAsExpected(situation, over, result))
      rows = new Map([...rows, ...(yield* Effect.forEach(different, ([situation]) => perform(situation)))])
    }
    results.set(over.name, rows)
  })

beforeAll(async () => {
  await Effect.runPromise(runAll(memory, inMemory))
  for (const over of transports) {
    await Effect.runPromise(
      Effect.scoped(Effect.flatMap(over.client, (client) => runAll(over, (situation) => onSocket(situation, client))))
    )
  }
})

for (const over of [memory, ...transports]) {
  describe(`over ${over.name}`, () => {
    for (const situation of appliesTo(over.name)) {
      it(situation.title, () => {
        const result = results.get(over.name)?.get(situation)
        if (result === undefined || "defect" in result) throw new Error("the situation did not run", { cause: result })
        expect(differences(situation, over, result.observed), situation.why).toEqual([])
      })
    }
  })
}

it("matches .github/CONFORMANCE.md", async () => {
  const cell = (situation: Situation, over: Over): string => {
    const result = results.get(over.name)?.get(situation)
    if (result === undefined) return "–"
    return isAsExpected(situation, over, result) ? (situation.over?.[over.name] === undefined ? "✓" : "✓¹") : "✗"
  }
  await expect(scoreboard([memory, ...transports], cell)).toMatchFileSnapshot("../.github/CONFORMANCE.md")
})
