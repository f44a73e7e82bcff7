/**
 * Every situation of `conformance/situations.ts`, in memory and over each transport. The scoreboard is written down; `npm run
 * conformance` writes it anew.
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

const actOut = (name: string, act: (situation: Situation) => Effect.Effect<Observed>): Effect.Effect<void> =>
  Effect.map(
    Effect.forEach(
      appliesTo(name),
      (situation) => Effect.map(exitOf(act(situation)), (result) => [situation, result] as const),
      {
        concurrency: 40
      }
    ),
    (rows) => void results.set(name, new Map(rows))
  )

beforeAll(async () => {
  await Effect.runPromise(actOut(memory.name, inMemory))
  for (const { client, name } of transports) {
    await Effect.runPromise(
      Effect.scoped(Effect.flatMap(client, (client) => actOut(name, (situation) => onSocket(situation, client))))
    )
  }
}, 180_000)

for (const over of [memory, ...transports]) {
  describe(`over ${over.name}`, () => {
    for (const situation of appliesTo(over.name)) {
      it(situation.title, () => {
        const result = results.get(over.name)?.get(situation)
        if (result === undefined || "defect" in result) throw new Error("it was not acted out", { cause: result })
        expect(differences(situation, over, result.observed), situation.why).toEqual([])
      })
    }
  })
}

it("is written down", async () => {
  const cell = (situation: Situation, over: Over): string => {
    const result = results.get(over.name)?.get(situation)
    if (result === undefined) return "–"
    return "observed" in result && differences(situation, over, result.observed).length === 0
      ? situation.over?.[over.name] === undefined
        ? "✓"
        : "✓¹"
      : "✗"
  }
  await expect(scoreboard([memory, ...transports], cell)).toMatchFileSnapshot("../.github/CONFORMANCE.md")
})
