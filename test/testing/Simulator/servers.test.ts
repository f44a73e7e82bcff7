import { describe, expect, it } from "vitest"
import type * as model from "../../../src/testing/internal/simulator/model.js"
import { checkBucket, checkSlots, checkTokens } from "../../../src/testing/internal/simulator/simulationOptions.js"
import { seeded } from "../../../src/testing/internal/simulator/random.js"
import {
  BucketModel,
  type Model,
  type Reply,
  SlotsModel,
  TokensModel
} from "../../../src/testing/internal/simulator/servers.js"
import { VirtualTime } from "../../../src/testing/internal/simulator/virtualTime.js"

interface Event {
  readonly at: number
  readonly what: string
}

/** A server, and a log of what it does. */
const served = (make: (time: VirtualTime) => Model) => {
  const time = new VirtualTime({ promises: false })
  const server = make(time)
  const log: Array<Event> = []
  const replies: Array<Reply> = []
  let requests = 0
  /** Sends a request at a time. */
  const send = (at: number, size: Partial<model.Size> = {}) => {
    time.advanceTo(at)
    const number = ++requests
    const note = (what: string) => log.push({ at: Math.round(time.now * 1000) / 1000, what: `${number} ${what}` })
    return server.handle({
      input: 1,
      output: 1,
      ...size,
      head: () => note("head"),
      end: (reply) => {
        replies.push(reply)
        note(String(reply.status))
      }
    })
  }
  return { log, replies, send, server, time }
}

const bucket = (options: model.BucketOptions) =>
  served((time) => new BucketModel(time, seeded(1), checkBucket({ latency: 10, ...options })))
const tokens = (options: model.TokensOptions) =>
  served((time) => new TokensModel(time, seeded(1), checkTokens(options)))
const slots = (options: model.SlotsOptions) =>
  served((time) => new SlotsModel(time, seeded(1), checkSlots({ latency: 100, ...options })))

describe("bucket", () => {
  it("admits its burst and then its rate", () => {
    const { log, send, time } = bucket({ perSecond: 2, burst: 2 })
    const verdicts = [0, 0, 0, 499, 500, 999, 1000].map((at) => send(at))
    expect(verdicts).toEqual(["admitted", "admitted", "refused", "refused", "admitted", "refused", "admitted"])
    time.advanceTo(2000)
    expect(log).toEqual([
      { at: 0, what: "3 429" },
      { at: 10, what: "1 200" },
      { at: 10, what: "2 200" },
      { at: 499, what: "4 429" },
      { at: 510, what: "5 200" },
      { at: 999, what: "6 429" },
      { at: 1010, what: "7 200" }
    ])
  })

  it.each([
    ["none", {}],
    ["millis", { "retry-after-ms": "400" }],
    ["seconds", { "retry-after": "1" }],
    ["date", { "retry-after": "Thu, 01 Jan 2026 00:00:01 GMT" }]
  ] as const)("names the wait in its hint: %s", (hint, headers) => {
    const { replies, send } = bucket({ perSecond: 2, burst: 1, hint })
    send(0)
    send(100)
    expect(replies.at(-1)?.headers).toEqual(headers)
  })

  it.each([
    ["ietf", { "ratelimit-policy": `"default";q=120;w=60`, ratelimit: `"default";r=2;t=1` }],
    [
      "openai",
      {
        "x-ratelimit-limit-requests": "120",
        "x-ratelimit-remaining-requests": "2",
        "x-ratelimit-reset-requests": "500ms"
      }
    ],
    [
      "anthropic",
      {
        "anthropic-ratelimit-requests-limit": "120",
        "anthropic-ratelimit-requests-remaining": "2",
        "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:00.500Z"
      }
    ],
    [
      "fireworks",
      {
        "x-ratelimit-limit-requests": "120",
        "x-ratelimit-remaining-requests": "2",
        "x-ratelimit-reset-requests": "500ms"
      }
    ]
  ] as const)("names its limit in headers: %s", (headers, expected) => {
    const { replies, send, time } = bucket({ perSecond: 2, burst: 3, headers })
    send(0)
    time.advanceTo(100)
    expect(replies[0]?.headers).toEqual(expected)
  })

  it("misstates its limit if it is meant to", () => {
    const { replies, send, time } = bucket({ perSecond: 2, headers: "openai", misstated: 60 })
    send(0)
    time.advanceTo(100)
    expect(replies[0]?.headers["x-ratelimit-limit-requests"]).toBe("7200")
  })

  it("admits a fixed number in each window", () => {
    const { replies, send } = bucket({ perSecond: 2, window: "1 second", hint: "millis" })
    const verdicts = [0, 300, 600, 1000, 1001, 1999].map((at) => send(at))
    expect(verdicts).toEqual(["admitted", "admitted", "refused", "admitted", "admitted", "refused"])
    expect(replies.find(({ status }) => status === 429)?.headers).toEqual({ "retry-after-ms": "400" })
  })

  it("changes its rate", () => {
    const { send } = bucket({ perSecond: 1, burst: 1, changes: [{ at: "10 seconds", perSecond: 10 }] })
    const verdicts = [0, 500, 1000, 10_000, 10_099, 10_100].map((at) => send(at))
    expect(verdicts).toEqual(["admitted", "refused", "admitted", "admitted", "refused", "admitted"])
  })

  it("grows by a quarter after intervals in which half of the limit was used", () => {
    const { send, server } = bucket({ perSecond: 4, burst: 4, growth: { every: "1 second", max: 6 } })
    for (const at of [0, 0, 0]) send(at)
    send(1001)
    expect(server.perSecond).toBe(5)
    send(2001)
    expect(server.perSecond).toBe(5)
    for (const at of [2100, 2100, 2100]) send(at)
    send(3001)
    expect(server.perSecond).toBe(6)
  })

  it("knows when it will admit the next request", () => {
    const { send, server, time } = bucket({
      perSecond: 2,
      burst: 1,
      outages: [{ from: "10 seconds", to: "20 seconds" }]
    })
    expect(server.wait({ input: 1 })).toBe(0)
    send(0)
    expect(server.wait({ input: 1 })).toBe(500)
    time.advanceTo(12_000)
    expect(server.wait({ input: 1 })).toBe(8000)
  })
})

describe("any model", () => {
  it("fails all requests during outages, from the first to the last moment", () => {
    const { replies, send } = bucket({
      perSecond: 100,
      outages: [
        { from: 100, to: 200 },
        { from: 300, to: 3400, status: 429, announced: true },
        { from: 4000, to: 4100, status: "hang" }
      ]
    })
    const verdicts = [99, 100, 199, 200, 300, 4000, 4100].map((at) => send(at))
    expect(verdicts).toEqual(["admitted", "failed", "failed", "admitted", "refused", "ignored", "admitted"])
    expect(replies.filter(({ status }) => status !== 200).map(({ headers, status }) => [status, headers])).toEqual([
      [503, {}],
      [503, {}],
      [429, { "retry-after": "4" }]
    ])
  })

  it("responds later during brown-outs", () => {
    const { log, send, time } = bucket({ perSecond: 100, brownOuts: [{ from: 1000, to: 2000, factor: 5 }] })
    for (const at of [999, 1000, 2000]) send(at)
    time.advanceTo(3000)
    expect(log.map(({ at }) => at)).toEqual([1009, 1050, 2010])
  })

  it("fails a share of requests", () => {
    const { send } = bucket({ perSecond: 1e6, errors: [{ from: 0, to: "1 minute", share: 0.25, status: 500 }] })
    const verdicts = Array.from({ length: 10_000 }, (_, at) => send(at))
    const failed = verdicts.filter((verdict) => verdict === "failed").length
    // four standard deviations
    expect(Math.abs(failed - 2500)).toBeLessThan(4 * Math.sqrt(10_000 * 0.25 * 0.75))
    expect(send(60_000)).toBe("admitted")
  })
})

describe("tokens", () => {
  const options = {
    perMinute: { requests: 600, input: 60_000, output: 6000 },
    burst: "1 second",
    latency: 300,
    speed: 100
  } as const

  it("charges input at once, and output when the response is complete", () => {
    const { log, send, time } = tokens(options)
    // 1000 of 1000 input tokens, 200 of 100 output tokens after 2.3 s
    expect(send(0, { input: 1000, output: 200 })).toBe("admitted")
    expect(send(0, { input: 1, output: 1 })).toBe("refused")
    expect(send(1, { input: 1, output: 1 })).toBe("admitted")
    // at 2300 ms there are 100 - 200 output tokens, and none of them is missing 1 s later
    expect(send(2299, { input: 1, output: 1 })).toBe("admitted")
    expect(send(2301, { input: 1, output: 1 })).toBe("refused")
    expect(send(3299, { input: 1, output: 1 })).toBe("refused")
    expect(send(3321, { input: 1, output: 1 })).toBe("admitted")
    time.advanceTo(5000)
    expect(log.filter(({ what }) => what.startsWith("1 "))).toEqual([
      { at: 300, what: "1 head" },
      { at: 2300, what: "1 200" }
    ])
  })

  it("admits requests that are larger than its burst once the bucket is full", () => {
    const { send } = tokens(options)
    expect(send(0, { input: 5000 })).toBe("admitted")
    expect(send(4000, { input: 5000 })).toBe("refused")
    expect(send(5000, { input: 5000 })).toBe("admitted")
  })

  it("names each of its limits", () => {
    const { replies, send, time } = tokens({ ...options, headers: "fireworks" })
    send(0, { input: 200, output: 10 })
    time.advanceTo(1000)
    expect(replies[0]?.headers).toEqual({
      "x-ratelimit-limit-requests": "600",
      "x-ratelimit-remaining-requests": "9",
      "x-ratelimit-reset-requests": "100ms",
      "x-ratelimit-limit-tokens-prompt": "60000",
      "x-ratelimit-remaining-tokens-prompt": "800",
      "x-ratelimit-reset-tokens-prompt": "200ms",
      "x-ratelimit-limit-tokens-generated": "6000",
      "x-ratelimit-remaining-tokens-generated": "100",
      "x-ratelimit-reset-tokens-generated": "0ms"
    })
  })

  it("changes its limits", () => {
    const { send } = tokens({ ...options, changes: [{ at: "1 minute", perMinute: { input: 600 } }] })
    expect(send(59_000, { input: 900 })).toBe("admitted")
    expect(send(60_000, { input: 10 })).toBe("admitted")
    expect(send(60_500, { input: 10 })).toBe("refused")
    expect(send(61_000, { input: 10 })).toBe("admitted")
  })
})

describe("slots", () => {
  it("processes some requests at once, lets some wait in their order, and refuses the others", () => {
    const { log, send, time } = slots({ slots: 2, queue: 1, firstByte: 0.2, status: 503 })
    expect([0, 10, 20, 30].map((at) => send(at))).toEqual(["admitted", "admitted", "admitted", "refused"])
    time.advanceTo(1000)
    expect(log).toEqual([
      { at: 20, what: "1 head" },
      { at: 30, what: "2 head" },
      { at: 30, what: "4 503" },
      { at: 100, what: "1 200" },
      { at: 110, what: "2 200" },
      { at: 120, what: "3 head" },
      { at: 200, what: "3 200" }
    ])
  })

  it("responds later with more requests in progress", () => {
    const { log, send, time } = slots({
      slots: 4,
      firstByte: 1,
      latency: ({ active, queued, slots }) => (active / slots) * 100 + queued
    })
    for (const at of [0, 0, 0]) send(at)
    time.advanceTo(1000)
    expect(log.map(({ at }) => at)).toEqual([25, 50, 75])
  })

  it("changes its slots and its latency", () => {
    const { log, send, time } = slots({ slots: 1, queue: 0, changes: [{ at: 1000, slots: 2, latency: 10 }] })
    const verdicts = [0, 50, 1000, 1000, 1000].map((at) => send(at))
    expect(verdicts).toEqual(["admitted", "refused", "admitted", "admitted", "refused"])
    time.advanceTo(2000)
    expect(log.filter(({ what }) => what.endsWith("200")).map(({ at }) => at)).toEqual([100, 1010, 1010])
  })

  it("knows that only a response makes room", () => {
    const { send, server, time } = slots({ slots: 1 })
    send(0)
    expect(server.wait({ input: 1 })).toBe(Infinity)
    time.advanceTo(100)
    expect(server.wait({ input: 1 })).toBe(0)
  })
})

describe("the options of models", () => {
  it.each([
    [() => checkBucket({ perSecond: 0 }), "Simulator.bucket: perSecond is 0; it must be above 0"],
    [
      () => checkBucket({ perSecond: 1, burst: 0.5 }),
      "Simulator.bucket: burst is 0.5; it must be a number of at least 1"
    ],
    [
      () => checkBucket({ perSecond: 1, outages: [{ from: 2, to: 1 }] }),
      "Simulator.bucket: outages.to is 1; it must be after from"
    ],
    [
      () => checkTokens({ errors: [{ share: 2 }] }),
      "Simulator.tokens: errors.share is 2; it must be a number from 0 to 1"
    ],
    [() => checkTokens({ perMinute: { input: -1 } }), "Simulator.tokens: perMinute.input is -1"],
    [() => checkSlots({ slots: 1.5 }), "Simulator.slots: slots is 1.5; it must be an integer of at least 1"],
    [() => checkSlots({ brownOuts: [{ from: 0, to: 1, factor: 0.5 }] }), "Simulator.slots: brownOuts.factor is 0.5"]
  ])("rejects invalid options: %#", (make, message) => {
    expect(make).toThrow(message)
  })
})
