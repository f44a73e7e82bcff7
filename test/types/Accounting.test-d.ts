import { Context, Effect, type Layer } from "effect"
import { Accounting, type ApiError, type Reliability } from "effect-reliability"
import { describe, expectTypeOf, it } from "vitest"

class Log extends Context.Tag("Log")<Log, { readonly write: (line: string) => Effect.Effect<void> }>() {}

declare const accounting: Accounting.Accounting
declare const window: Accounting.Window
declare const counts: Accounting.ServerCounts
declare const call: Effect.Effect<number, "other", Log>

describe("Accounting.count", () => {
  it("preserves the type of the effect, in both forms", () => {
    expectTypeOf(Accounting.count(call, accounting)).toEqualTypeOf<typeof call>()
    expectTypeOf(call.pipe(Accounting.count(accounting))).toEqualTypeOf<typeof call>()
  })
})

describe("Accounting.layer", () => {
  it("requires nothing, cannot fail and provides the accounts", () => {
    expectTypeOf(Accounting.layer()).toEqualTypeOf<Layer.Layer<Accounting.Accounting>>()
    expectTypeOf(Accounting.layer({ bucket: "1 second" })).toEqualTypeOf<Layer.Layer<Accounting.Accounting>>()
    expectTypeOf(Accounting.snapshot).toEqualTypeOf<Effect.Effect<Accounting.Snapshot, never, Accounting.Accounting>>()
    expectTypeOf(Accounting.window(0, 1)).toEqualTypeOf<
      Effect.Effect<Accounting.Window, never, Accounting.Accounting>
    >()
  })

  it("provides a record for policies", () => {
    expectTypeOf(accounting.record).toExtend<NonNullable<Reliability.Options["record"]>>()
  })
})

describe("Accounting.tokens", () => {
  it("accepts snapshots and windows", () => {
    expectTypeOf(Accounting.tokens(window)).toEqualTypeOf<Accounting.TokenReport>()
    expectTypeOf(Effect.map(accounting.snapshot, Accounting.tokens)).toEqualTypeOf<
      Effect.Effect<Accounting.TokenReport>
    >()
    expectTypeOf(Accounting.tokens(window).wasted).toEqualTypeOf<Accounting.TokenCounts>()
  })
})

describe("Accounting.since and only", () => {
  it("supports both forms and preserves the type", () => {
    expectTypeOf(
      Effect.map(accounting.snapshot, Accounting.since({ at: 0, rows: [], inFlight: 0, open: [] }))
    ).toEqualTypeOf<Effect.Effect<Accounting.Snapshot>>()
    expectTypeOf(Accounting.only(window, { host: "a" })).toEqualTypeOf<Accounting.Window>()
    expectTypeOf(Effect.map(accounting.snapshot, Accounting.only({ model: "a" }))).toEqualTypeOf<
      Effect.Effect<Accounting.Snapshot>
    >()
  })
})

describe("a verdict", () => {
  it("narrows by its tag", () => {
    const verdict = Accounting.reconcile(window, counts)
    expectTypeOf(verdict._tag).toEqualTypeOf<
      "ClientSide" | "ServerSide" | "InAgreement" | "MissingOnClient" | "NotEnoughData"
    >()
    if (verdict._tag === "ClientSide") expectTypeOf(verdict.phase).toEqualTypeOf<Accounting.Phase>()
    if (verdict._tag === "NotEnoughData") expectTypeOf(verdict.why).toEqualTypeOf<Accounting.NotEnough>()
    expectTypeOf<Accounting.Row["reason"]>().toEqualTypeOf<ApiError.Reason | undefined>()
  })
})
