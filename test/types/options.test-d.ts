import type { HttpClient, HttpClientRequest } from "@effect/platform"
import type { Effect, Redacted } from "effect"
import {
  Accounting,
  type ApiError,
  Dialect,
  Job,
  RateLimiter,
  Reliability,
  ReliableHttpClient,
  Retry,
  RetryBudget,
  Workload
} from "effect-reliability"
import { Doctor } from "effect-reliability/cli"
import { BatchJobs, Deployments, Fireworks, TrainerJobs } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import * as EventStream from "effect-reliability/stream"
import { Fault, FaultServer, FireworksServer } from "effect-reliability/testing"
import { describe, it } from "vitest"

declare const apiKey: Redacted.Redacted
declare const client: HttpClient.HttpClient
declare const kind: Job.Watched<string, string>
declare const call: Effect.Effect<string, ApiError.ApiError>
declare const request: HttpClientRequest.HttpClientRequest

const { interactive: workload } = Workload
const usual: Retry.Options = { attempts: 3 }

// Only the compiler rejects unknown names of options. A check at construction would also reject values that rightly hold
// more than the options.
describe("an unknown option", () => {
  it("fails to compile in the constructors of the parts of a call", () => {
    // @ts-expect-error timeouts
    void Workload.make({ name: "w", timeout: "1 second" })
    // @ts-expect-error attempt
    void Workload.make({ name: "w", timeouts: { attempt: "1 second", atempt: "1 second" } })
    // @ts-expect-error deadline
    void Workload.with(workload, { deadine: "1 second" })
    // @ts-expect-error attempts
    void Retry.make({ atempts: 2 })
    // @ts-expect-error attempts
    void Retry.make({ ...usual, atempts: 2 })
    // @ts-expect-error ratio
    void RetryBudget.make({ ration: 0.1 })
    // @ts-expect-error concurrency
    void RateLimiter.make({ concurency: 1 })
    // @ts-expect-error budget
    void Reliability.make({ workload, bugdet: undefined })
    // @ts-expect-error entries
    void Dialect.make({ name: "own", entires: [] })
    // @ts-expect-error maxBody
    void ReliableHttpClient.make(client, { workload, maxBodi: 1 })
    // @ts-expect-error maxBody
    void ReliableHttpClient.transform({ maxBodi: 1 })
    // @ts-expect-error maxEvent
    void EventStream.open(request, { workload, maxEvents: 1 })
    // @ts-expect-error interval
    void Job.watch(kind, "job-1", { intervall: "1 second" })
    // @ts-expect-error connections
    void Transport.make({ connexions: 2 })
    // @ts-expect-error models
    void Accounting.make({ modells: 2 })
    void Reliability.protect(call, workload)
  })

  it("fails to compile in the services, the doctor and the test servers", () => {
    // @ts-expect-error baseUrl
    void Fireworks.layer({ apiKey, baseURL: "https://host" })
    // @ts-expect-error accountId
    void Fireworks.make({ apiKey, acountId: "me" })
    // @ts-expect-error limitsPer
    void Fireworks.layerConfig({ limitPer: "second" })
    // @ts-expect-error inputDatasetId
    void BatchJobs.submit({ model: "m", inputDatasetID: "d" })
    // @ts-expect-error dcpSaveInterval
    void TrainerJobs.create({ dcp_save_interval: 10 })
    // @ts-expect-error resumes
    void TrainerJobs.reconnectAndWait("j", { resume: 1 })
    // @ts-expect-error pageSize
    void Deployments.list({ pagesize: 1 })
    // @ts-expect-error timeout
    void Doctor.examine({ timeouts: "1 second" })
    // @ts-expect-error every
    void Fault.stream({ evry: "1 second" })
    // @ts-expect-error script
    void FaultServer.make({ skript: Fault.healthy })
    // @ts-expect-error deployments
    void FireworksServer.layer({ deployment: {} })
  })

  it("fails to compile in a value without any known option, and compiles beside a known one", () => {
    const mistaken = { dead_line: "1 second" }
    // @ts-expect-error the types have nothing in common
    void Workload.with(workload, mistaken)
    const settings = { deadline: "1 second", colour: "red" } as const
    void Workload.with(workload, settings)
  })
})
