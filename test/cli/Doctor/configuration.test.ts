/** Reads the configuration that the doctor reports. */
import { describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Redacted } from "effect"
import { Workload } from "effect-reliability"
import { Doctor } from "effect-reliability/cli"
import { beforeAll, expect } from "vitest"
import { isolate } from "../../support/doctor.js"
import { examine, key } from "../../support/doctorReports.js"

beforeAll(isolate)

const url = "http://127.0.0.1:4"

const reported = (variables: Readonly<Record<string, string>>, options: Doctor.Options = {}) =>
  Effect.map(
    Effect.withConfigProvider(
      examine({ url, ...options }),
      ConfigProvider.fromMap(new Map(Object.entries(variables)), { pathDelim: "_" })
    ),
    (report) => {
      const settings = report.configuration ?? []
      const of = (variable: string) => {
        const found = settings.find((setting) => setting.variable === variable)
        return found && [found.value, found.source]
      }
      return { of, settings, text: Doctor.render(report) }
    }
  )

describe("the configuration", () => {
  it.live("shows the value of each variable, or its default", () =>
    Effect.gen(function* () {
      const { of, settings, text } = yield* reported({
        HTTP_CONNECTIONS: "50",
        DEADLINE: "45 seconds",
        REQUESTS_PER_MINUTE: "600",
        CONCURRENCY: "8"
      })
      expect(of("FIREWORKS_BASE_URL")).toEqual([`${url}/`, "environment"])
      expect(of("HTTP_CONNECTIONS")).toEqual(["50", "environment"])
      expect(of("HTTP_KEEP_ALIVE")).toEqual(["4s", "default"])
      expect(of("DEADLINE")).toEqual(["45s", "environment"])
      // the shorter deadline shortens the attempt
      expect(of("ATTEMPT_TIMEOUT")).toEqual(["45s", "default"])
      expect(of("REQUESTS_PER_MINUTE")).toEqual(["600 per minute", "environment"])
      expect(of("INPUT_TOKENS_PER_MINUTE")).toEqual(["learned", "default"])
      expect(of("CONCURRENCY")).toEqual(["8", "environment"])
      expect(of("QUEUE")).toEqual(["unlimited", "default"])
      for (const { value, variable } of settings) expect(text).toMatch(new RegExp(`^  ${variable} +${value}`, "m"))
    })
  )

  it.live("reads the variables of a workload and a limiter with their prefix", () =>
    Effect.gen(function* () {
      const variables = { CHAT_DEADLINE: "10 minutes", DEADLINE: "1 minute", HTTP_CONNECTIONS: "50" }
      const { of } = yield* reported(variables, { prefix: "CHAT", workload: Workload.agentic })
      expect(of("CHAT_DEADLINE")).toEqual(["10m", "environment"])
      expect(of("CHAT_STREAM_IDLE_TIMEOUT")).toEqual(["2m", "default"])
      expect(of("DEADLINE")).toBeUndefined()
      expect(of("HTTP_CONNECTIONS")).toEqual(["50", "environment"])
    })
  )

  it.live("names the option of an invalid variable, and marks the others of its group", () =>
    Effect.gen(function* () {
      const { of } = yield* reported({ CONCURRENCY: "0", HTTP_KEEP_ALIVE: "soon" })
      expect(of("CONCURRENCY")).toEqual([
        "set; RateLimiter.make: concurrency is 0; it must be an integer of at least 1",
        "invalid"
      ])
      expect(of("QUEUE")).toEqual(["unknown, since another variable of the group is invalid", "default"])
      expect(of("HTTP_KEEP_ALIVE")).toEqual([expect.stringMatching(/^set; .*duration.*soon/), "invalid"])
      expect(of("DEADLINE")).toEqual(["2m", "default"])
    })
  )

  it.live("shows neither the key nor the account", () =>
    Effect.gen(function* () {
      const options = {
        apiKey: Redacted.make(key),
        accountId: "secret-account",
        controlUrl: "http://127.0.0.1:5/control"
      }
      const { of, text } = yield* reported({}, options)
      expect(of("FIREWORKS_API_KEY")).toEqual(["set (not shown)", "environment"])
      expect(of("FIREWORKS_ACCOUNT_ID")).toEqual(["set (not shown)", "environment"])
      expect(text).not.toMatch(/secret-account/)
      expect(text).not.toContain(key)
      expect((yield* reported({})).of("FIREWORKS_API_KEY")).toEqual(["not set", "default"])
    })
  )
})
