import { describe, it } from "@effect/vitest"
import { Accounting, ApiError } from "effect-reliability"
import * as fc from "effect/FastCheck"
import { expect } from "vitest"

const minute = { from: 60_000, to: 120_000 }

interface Recorded {
  readonly ok?: number
  readonly failed?: ReadonlyArray<
    readonly [
      count: number,
      reason: ApiError.Reason,
      delivery: ApiError.Delivery,
      phase?: ApiError.Phase | undefined,
      of?: "attempt" | "call" | "stream"
    ]
  >
  readonly inFlight?: number
}

const rowOf = (
  count: number,
  reason: ApiError.Reason | undefined,
  delivery: ApiError.Delivery,
  phase?: ApiError.Phase,
  of: Accounting.Row["of"] = "attempt"
): Accounting.Row => ({
  of,
  outcome: reason === undefined ? "ok" : "failed",
  class: reason === undefined ? undefined : "Transient",
  reason,
  phase,
  delivery,
  workload: "w",
  model: undefined,
  host: undefined,
  count,
  millis: count
})

const windowOf = ({ failed = [], inFlight = 0, ok = 0 }: Recorded): Accounting.Window => ({
  ...minute,
  rows: [rowOf(ok, undefined, "Acknowledged"), ...failed.map((row) => rowOf(...row))],
  inFlight,
  open: []
})

const serverOf = (requests: number, more: Partial<Accounting.ServerCounts> = {}): Accounting.ServerCounts => ({
  ...minute,
  requests,
  errors: 0,
  ...more
})

const judged = (recorded: Recorded, requests: number, more: Partial<Accounting.ServerCounts> = {}) =>
  Accounting.reconcile(windowOf(recorded), serverOf(requests, more))

describe("Accounting.reconcile", () => {
  const lost: ReadonlyArray<
    readonly [Accounting.Phase, ApiError.Reason, ApiError.Delivery, ApiError.Phase | undefined, seen: 0 | 1]
  > = [
    ["dns", "NameLookup", "NotSent", undefined, 0],
    ["dns", "NameNotFound", "NotSent", undefined, 0],
    ["pool", "Timeout", "NotSent", "pool", 0],
    ["connect", "Timeout", "NotSent", "connect", 0],
    ["connect", "Connect", "NotSent", undefined, 0],
    ["tls", "Tls", "NotSent", undefined, 0],
    ["proxy", "ProxyRefused", "NotSent", undefined, 0],
    ["write", "Timeout", "Unconfirmed", "write", 0],
    ["read", "Timeout", "Unconfirmed", "read", 1],
    ["read", "Timeout", "Unconfirmed", "attempt", 1],
    ["read", "Timeout", "Unconfirmed", "deadline", 1],
    ["read", "Timeout", "Unconfirmed", undefined, 1],
    ["read", "Timeout", "Partial", "read", 1],
    ["connection", "ConnectionLost", "Unconfirmed", undefined, 1],
    ["connection", "ConnectionLost", "Partial", undefined, 1],
    ["connection", "StreamBroken", "Partial", undefined, 1],
    ["attempt", "Timeout", "NotSent", "deadline", 0],
    ["attempt", "Timeout", "NotSent", undefined, 0],
    ["abort", "Aborted", "Unconfirmed", undefined, 1],
    ["client", "InvalidAnswer", "Acknowledged", undefined, 1],
    ["client", "InvalidRequest", "NotSent", undefined, 0],
    ["client", "Unavailable", "NotSent", undefined, 0]
  ]
  for (const [phase, reason, delivery, limit, seen] of lost) {
    it(`names the phase ${phase} for ${[reason, limit, delivery].filter((part) => part !== undefined).join(" ")}`, () => {
      const verdict = judged({ ok: 80, failed: [[20, reason, delivery, limit]] }, 80 + 20 * seen)
      expect(verdict).toMatchObject({ _tag: "ClientSide", phase, lost: 20 })
      expect(verdict.next).not.toBe("")
    })
  }

  it("names the side with more failures, and keeps the other as evidence", () => {
    const failed = [
      [30, "Connect", "NotSent"],
      [10, "Unavailable", "Acknowledged"]
    ] as const
    const verdict = judged({ ok: 60, failed }, 70, { errors: 10, byStatus: { "503": 10 } })
    expect(verdict).toMatchObject({
      _tag: "ClientSide",
      phase: "connect",
      lost: 30,
      evidence: {
        client: { attempts: 100, NotSent: 30, Unconfirmed: 0, Partial: 0, Acknowledged: 70, ok: 60 },
        bounds: { least: 70, most: 70, tolerance: 10 },
        refused: [{ reason: "Unavailable", count: 10 }]
      }
    })
    expect(
      judged(
        {
          ok: 60,
          failed: [
            [10, "Connect", "NotSent"],
            [30, "Unavailable", "Acknowledged"]
          ]
        },
        90,
        {
          errors: 30,
          byStatus: { "503": 30 }
        }
      )
    ).toMatchObject({
      _tag: "ServerSide",
      errors: 30,
      byReason: { Unavailable: 30 },
      byStatus: { "503": 30 },
      evidence: { lost: [{ phase: "connect", count: 10 }] }
    })
  })

  it("names the client if both sides failed equally", () => {
    const failed = [
      [20, "Connect", "NotSent"],
      [20, "Unavailable", "Acknowledged"]
    ] as const
    expect(judged({ ok: 60, failed }, 80, { errors: 20 })).toMatchObject({ _tag: "ClientSide", phase: "connect" })
  })

  it("sums rows of the same failure, and counts calls apart from attempts", () => {
    const failed = [
      [15, "Connect", "NotSent"],
      [16, "Connect", "NotSent"],
      [7, "Connect", "NotSent", undefined, "call"]
    ] as const
    expect(judged({ ok: 69, failed }, 69)).toMatchObject({
      lost: 31,
      evidence: { client: { calls: 7, attempts: 100, NotSent: 31 }, lost: [{ reason: "Connect", count: 31 }] }
    })
  })

  it("increases the tolerance the less the two windows overlap", () => {
    const toleranceOf = (counts: Partial<Accounting.ServerCounts>) => {
      const { evidence } = judged({ ok: 100 }, 100, { from: 50_000, to: 150_000, ...counts })
      return evidence?.bounds.tolerance
    }
    expect(toleranceOf({})).toBeCloseTo(50)
    expect(toleranceOf({ resolution: 10_000 })).toBeCloseTo(60)
    expect(toleranceOf({ resolution: 10_000, coverage: 0.9 })).toBeCloseTo(70)
  })

  it.each([
    ["The provider limits the rate.", "RateExceeded"],
    ["The deployment is saturated.", "Capacity Overloaded"],
    ["The deployment is not ready.", "ScalingUp WeightSwap"],
    [
      "The provider refuses the account or its key.",
      "Unauthorized Forbidden PaymentRequired PreconditionFailed QuotaExhausted"
    ],
    [
      "The servers refuse the requests.",
      "BadRequest NotFound MethodNotAllowed Conflict TooLarge Unprocessable UnexpectedStatus"
    ],
    ["The servers fail.", "ServerError BadGateway Unavailable GatewayTimeout RequestTimeout UnknownStatus"]
  ])("advises %j if most errors of the servers are one of: %s", (beginning, reasons) => {
    const all: ReadonlyArray<ApiError.Reason> = [
      ...ApiError.RateLimitReason.literals,
      ...ApiError.TransientReason.literals,
      ...ApiError.FatalReason.literals
    ]
    const group = reasons.split(" ")
    const named = all.filter((reason) => group.includes(reason))
    expect(named.length).toBe(group.length)
    for (const reason of named) {
      const other = [10, group.includes("NotFound") ? "BadGateway" : "NotFound", "Acknowledged"] as const
      const one = [30, reason, "Acknowledged"] as const
      for (const failed of [
        [one, other],
        [other, one]
      ]) {
        const { evidence, next } = judged({ failed }, 40, { errors: 40 })
        expect([reason, next.slice(0, beginning.length)]).toEqual([reason, beginning])
        expect(evidence?.refused.map(({ count }) => count)).toEqual([30, 10])
      }
    }
  })

  it("mentions an intermediary only if the servers counted fewer requests than responses", () => {
    const next = (requests: number) => judged({ failed: [[40, "ServerError", "Acknowledged"]] }, requests).next
    expect(next(36)).toBe(
      "The servers fail. Look at the provider's status page, and contact support with the request ids of some failures."
    )
    expect(next(35)).toContain("came from an intermediary")
  })

  it("attributes lost responses to the servers up to the requests that arrived and the errors not yet received", () => {
    const lost = [40, "ConnectionLost", "Unconfirmed"] as const
    expect(judged({ ok: 60, failed: [lost] }, 70, { errors: 40 })).toMatchObject({ _tag: "ClientSide", lost: 30 })
    const failed = [lost, [20, "Unavailable", "Acknowledged"]] as const
    expect(judged({ ok: 40, failed }, 100, { errors: 20 })).toMatchObject({ _tag: "ClientSide", lost: 40 })
  })

  it("subtracts errors whose responses were lost from unconfirmed attempts only", () => {
    const failed = [
      [15, "Connect", "NotSent"],
      [40, "ConnectionLost", "Unconfirmed"]
    ] as const
    const verdict = judged({ ok: 45, failed }, 85, { errors: 30 })
    expect(verdict).toMatchObject({ _tag: "ClientSide", phase: "connection", lost: 20 })
  })

  it("ignores failures of less than one percent of the attempts", () => {
    const verdictOf = (count: number) =>
      judged({ ok: 1000 - count, failed: [[count, "Connect", "NotSent"]] }, 1000 - count)
    expect([9, 10].map((count) => verdictOf(count)._tag)).toEqual(["InAgreement", "ClientSide"])
  })

  it("attributes to the servers the errors they counted whose responses were lost", () => {
    const recorded: Recorded = { ok: 60, failed: [[40, "ConnectionLost", "Unconfirmed"]] }
    expect(judged(recorded, 100)).toMatchObject({ _tag: "ClientSide", phase: "connection" })
    expect(judged(recorded, 100, { errors: 40 })).toMatchObject({ _tag: "ServerSide" })
  })

  it("reports TooShort if the tolerance exceeds the numbers", () => {
    const counts = { from: 0, to: 91_000, requests: 1000, errors: 0, resolution: 90_000 }
    const rows = [rowOf(10, undefined, "Acknowledged")]
    const window = { from: 0, to: 91_000, rows, inFlight: 0, open: [] }
    expect(Accounting.reconcile(window, counts)).toMatchObject({ _tag: "NotEnoughData", why: "TooShort" })
  })

  it("reports MissingOnClient if the servers count errors that the client never received", () => {
    expect(judged({ ok: 100 }, 100, { errors: 90 })).toMatchObject({ _tag: "MissingOnClient", missing: 90 })
    expect(judged({ ok: 100, inFlight: 5 }, 100, { errors: 90 })).toMatchObject({ missing: 85 })
    expect(judged({ ok: 100 }, 100, { errors: 10 })._tag).toBe("InAgreement")
    expect(judged({ ok: 100 }, 100, { errors: 11 })._tag).toBe("MissingOnClient")
  })

  it("names the phase that lost attempts, not the one in which the servers failed", () => {
    const failed = [
      [100, "NameNotFound", "NotSent"],
      [101, "Timeout", "Unconfirmed", "read"]
    ] as const
    expect(judged({ failed }, 101, { errors: 101 })).toMatchObject({ _tag: "ClientSide", phase: "dns" })
  })

  it("ignores streams that broke off, whose requests were counted when they began", () => {
    const failed = [[50, "StreamBroken", "Partial", undefined, "stream"]] as const
    expect(judged({ ok: 100, failed }, 100)).toMatchObject({
      _tag: "InAgreement",
      evidence: { bounds: { least: 100, most: 100 } }
    })
  })

  it("names an intermediary as the source of responses that the servers did not count", () => {
    const verdict = judged({ failed: [[40, "ScalingUp", "Acknowledged"]] }, 0)
    expect(verdict._tag).toBe("ServerSide")
    expect(verdict.next).toContain("came from an intermediary")
  })

  const unknown: ReadonlyArray<readonly [Accounting.NotEnough, Recorded, number, Partial<Accounting.ServerCounts>]> = [
    ["NoNumbers", { ok: 20 }, Number.NaN, {}],
    ["NoNumbers", { ok: 20 }, -1, {}],
    ["NoNumbers", { ok: Number.NaN }, 20, {}],
    ["NoNumbers", { ok: 20 }, 20, { from: Number.NaN }],
    // JSON may contain null where the types require a number
    ["NoNumbers", { ok: 20 }, JSON.parse("null"), {}],
    ["NoNumbers", { ok: 20, failed: [[Number.NaN, "Connect", "NotSent"]] }, 20, {}],
    ["NoTime", { ok: 20 }, 20, { to: 60_000 }],
    ["OtherTime", { ok: 20 }, 20, { from: 160_000, to: 220_000 }],
    ["OtherTime", { ok: 20 }, 20, { from: 0, to: 600_000 }],
    ["Coverage", { ok: 20 }, 20, { coverage: 0.4 }],
    ["TooShort", { ok: 20 }, 20, { resolution: 90_000 }],
    ["TooShort", { failed: [[20, "Connect", "NotSent"]] }, 0, { resolution: 60_001 }],
    ["TooFew", { ok: 9 }, 9, {}],
    ["InFlight", { ok: 20, inFlight: 21 }, 20, {}],
    ["OtherServer", { ok: 20 }, 10, {}],
    ["OtherServer", { ok: 50, failed: [[50, "ConnectionLost", "Partial"]] }, 60, {}]
  ]
  for (const [why, recorded, requests, more] of unknown) {
    it(`reports NotEnoughData for ${JSON.stringify(recorded)} and ${requests} ${JSON.stringify(more)}: ${why}`, () => {
      expect(judged(recorded, requests, more)).toMatchObject({ _tag: "NotEnoughData", why })
    })
  }

  it("reports NotEnoughData for a window without an end or without duration", () => {
    const why = (window: Partial<Accounting.Window>) => {
      const verdict = Accounting.reconcile({ ...windowOf({ ok: 20 }), ...window }, serverOf(20))
      return verdict._tag === "NotEnoughData" ? verdict.why : verdict._tag
    }
    expect([{ to: Infinity }, { from: -Infinity }].map(why)).toEqual(["NoNumbers", "NoNumbers"])
    expect(why({ from: 90_000, to: 90_000 })).toBe("NoTime")
  })

  it("accepts half of the time, a window as long as the resolution, and numbers above the tolerance", () => {
    const all = (counts: Partial<Accounting.ServerCounts>, recorded: Recorded = { ok: 20 }) =>
      Accounting.reconcile(windowOf(recorded), serverOf(20, counts), { share: 0 })._tag
    expect(all({ coverage: 0.5 })).toBe("InAgreement")
    expect(judged({ ok: 10 }, 10).next).toBe("Nothing is missing on either side.")
    expect(all({ to: minute.to + 60_000, errors: 20 }, { failed: [[20, "Unavailable", "Acknowledged"]] })).toBe(
      "ServerSide"
    )
    expect(all({ resolution: 60_000 }, { failed: [[20, "Connect", "NotSent"]] })).toBe("ClientSide")
    expect(judged({ ok: 10, inFlight: 10 }, 20, { coverage: 0.75 })._tag).toBe("InAgreement")
  })

  it("agrees up to both bounds and not beyond", () => {
    expect([90, 100].map((requests) => judged({ ok: 90 }, requests)._tag)).toEqual(["InAgreement", "InAgreement"])
    expect(judged({ ok: 90 }, 101)).toMatchObject({ _tag: "MissingOnClient", missing: 11 })
    expect([90, 89].map((requests) => judged({ ok: 100 }, requests)._tag)).toEqual(["InAgreement", "NotEnoughData"])
  })

  it("rejects an invalid share", () => {
    expect(() => Accounting.reconcile(windowOf({}), serverOf(0), { share: 2 })).toThrow(
      "Accounting.reconcile: share is 2; it must be a number from 0 to 1"
    )
  })

  // --- Properties -----------------------------------------------------------------------------------

  const anyCount = fc.oneof(fc.nat(1000), fc.constantFrom(0, 1, 3, 4, 9, 10, 11, 1e9))
  const anyRow = fc.record({
    count: anyCount,
    reason: fc.option(fc.constantFrom(...ApiError.TransientReason.literals, ...ApiError.FatalReason.literals), {
      nil: undefined
    }),
    delivery: fc.constantFrom(...ApiError.Delivery.literals),
    phase: fc.option(fc.constantFrom(...ApiError.Phase.literals), { nil: undefined }),
    of: fc.constantFrom<Accounting.Row["of"]>("attempt", "call", "stream")
  })
  const rowsOf = (
    rows: ReadonlyArray<Pick<Accounting.Row, "count" | "reason" | "delivery" | "phase" | "of">>
  ): ReadonlyArray<Accounting.Row> =>
    rows.map(({ count, delivery, of, phase, reason }) =>
      rowOf(count, reason, reason === undefined ? "Acknowledged" : delivery, phase, of)
    )
  const hostile = fc.oneof(
    fc.double(),
    fc.constantFrom(Number.NaN, -1, Infinity, -Infinity, 0, 1e308, -0),
    anyCount,
    fc.integer()
  )

  it("returns a verdict with a text for any numbers", () => {
    const anyServer = fc.record(
      {
        from: hostile,
        to: hostile,
        requests: hostile,
        errors: hostile,
        byStatus: fc.dictionary(fc.string(), hostile),
        coverage: hostile,
        resolution: hostile
      },
      { requiredKeys: ["from", "to", "requests", "errors"] }
    )
    const anyWindow = fc.record({
      from: hostile,
      to: hostile,
      inFlight: hostile,
      rows: fc.array(anyRow).map(rowsOf),
      open: fc.constant([])
    })
    fc.assert(
      fc.property(anyWindow, anyServer, fc.boolean(), (window, server, same) => {
        const counts = same ? { ...server, ...minute } : server
        const verdict = Accounting.reconcile(same ? { ...window, ...minute } : window, counts)
        const broken = [counts.requests, counts.errors, window.inFlight].some((n) => !(n >= 0 && n < Infinity))
        if (broken) expect(verdict).toMatchObject({ _tag: "NotEnoughData", why: "NoNumbers" })
        expect(Accounting.format(verdict)).toMatch(/^.+\n[^]*Next: {5}.+$/)
        expect(JSON.parse(JSON.stringify(verdict))).toMatchObject({ _tag: verdict._tag })
      }),
      { numRuns: 2000 }
    )
  })

  it("agrees exactly within the bounds of the law if nothing failed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 10_000 }), fc.nat(20), fc.nat(20_000), (ok, inFlight, requests) => {
        const verdict = judged({ ok, inFlight: Math.min(inFlight, ok) }, requests)
        const most = ok + Math.min(inFlight, ok)
        const tolerance = Math.max(3, Math.max(ok, requests) / 10)
        const expected =
          requests > most + tolerance ? "MissingOnClient" : requests < ok - tolerance ? "NotEnoughData" : "InAgreement"
        expect(verdict._tag).toBe(expected)
      }),
      { numRuns: 2000 }
    )
  })

  const order = ["NotEnoughData", "ServerSide", "ClientSide", "InAgreement", "MissingOnClient"]

  it("keeps MissingOnClient when the servers count more", () => {
    fc.assert(
      fc.property(fc.array(anyRow).map(rowsOf), fc.nat(3000), fc.nat(3000), (rows, requests, more) => {
        const window = { ...windowOf({}), rows }
        const [less, greater] = [requests, requests + more].map((n) => Accounting.reconcile(window, serverOf(n)))
        if (less?._tag === "MissingOnClient") expect(greater?._tag).toBe("MissingOnClient")
        expect(order).toContain(greater?._tag)
      }),
      { numRuns: 1000 }
    )
  })

  it("keeps the side when more failures of this side are added", () => {
    const tagOf = (lost: number, refused: number) =>
      judged(
        {
          ok: 100,
          failed: [
            [lost, "Connect", "NotSent"],
            [refused, "Unavailable", "Acknowledged"]
          ]
        },
        100 + refused,
        { errors: refused }
      )._tag
    fc.assert(
      fc.property(fc.nat(500), fc.nat(500), fc.nat(500), (lost, refused, more) => {
        if (tagOf(lost, refused) === "ClientSide") expect(tagOf(lost + more, refused)).toBe("ClientSide")
        if (tagOf(lost, refused) === "ServerSide") expect(tagOf(lost, refused + more)).toBe("ServerSide")
      }),
      { numRuns: 1000 }
    )
  })
})

describe("Accounting.format", () => {
  it("describes the side, the numbers and the next step", () => {
    const failed = [
      [30, "Connect", "NotSent"],
      [10, "Unavailable", "Acknowledged"]
    ] as const
    const verdict = judged({ ok: 60, failed, inFlight: 1 }, 70.25, {
      errors: 10,
      byStatus: { "503": 10 },
      coverage: 0.9
    })
    expect(Accounting.format(verdict)).toMatchInlineSnapshot(`
      "The client's side: 30 attempts of 100 lost in the phase "connect".
      Client:   100 attempts of 0 calls: 70 acknowledged, 0 partial, 0 unconfirmed, 30 not sent; 1 call in flight.
      Servers:  70.3 requests, 10 errors (10 of 503), covering 90 % of the time.
      Expected: 70 to 71 requests, give or take 20.
      Lost:     30 connect: Connect (NotSent).
      Refused:  10 Unavailable (Acknowledged).
      Next:     No connection was made, so nothing was sent. Check host and port, the firewall and the network path from this machine, and whether the connect timeout is too short."
    `)
  })

  it("describes which data is missing for a verdict", () => {
    expect(Accounting.format(judged({ ok: 1 }, 1))).toMatchInlineSnapshot(`
      "Not enough data (TooFew).
      Client:   1 attempt of 0 calls: 1 acknowledged, 0 partial, 0 unconfirmed, 0 not sent; 0 calls in flight.
      Servers:  1 request, 0 errors.
      Expected: 1 to 1 requests, give or take 3.
      Next:     There are too few requests to tell loss from chance. Wait for more, or choose a longer window."
    `)
  })
})
