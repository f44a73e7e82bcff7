import { Effect } from "effect"
import { Fault, FaultServer } from "effect-reliability/testing"
import { fork } from "node:child_process"
import { once } from "node:events"
import { setTimeout } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { jain } from "../../../src/testing/internal/simulator/report.js"
import { root } from "../../support/project.js"
import * as RedisServer from "../../support/redisServer.js"
import type { WorkerOptions, WorkerReport } from "../../support/redisWorker.js"

const processes = 4
const limit = 50

/** Runs processes that share a limit for a while, and returns their reports and the times of the requests at the server. */
const share = (seconds: number, disturb: (redis: RedisServer.RedisServer) => Promise<void>) =>
  Effect.gen(function* () {
    const redis = yield* RedisServer.make
    const times: Array<number> = []
    const bucket = Fault.rateLimit({ burst: 10, perSecond: 1.2 * limit })
    const server = yield* FaultServer.make({
      script: () => {
        times.push(performance.now())
        return bucket
      }
    })
    const children = yield* Effect.acquireRelease(
      Effect.sync(() =>
        Array.from({ length: processes }, (_, n) => {
          const options: WorkerOptions = {
            url: `${server.baseUrl}/chat/completions`,
            port: redis.port,
            callers: 25,
            processes,
            limit,
            skew: n === 1 ? 3_600_000 : n === 2 ? -3_600_000 : 0
          }
          return fork(`${root}test/support/redisWorker.ts`, [JSON.stringify(options)], {
            cwd: root,
            execArgv: ["--import", "tsx"],
            env: { ...process.env, NODE_OPTIONS: "" }
          })
        })
      ),
      (children) => Effect.sync(() => children.forEach((child) => child.kill("SIGKILL")))
    )
    return yield* Effect.promise(async () => {
      await Promise.all(children.map((child) => once(child, "message")))
      times.length = 0
      for (const child of children) child.send("go")
      await Promise.all([setTimeout(seconds * 1000), disturb(redis)])
      const ended = children.map(async (child) => {
        const [report] = (await once(child, "message")) as [WorkerReport]
        return report
      })
      const until = performance.now()
      for (const child of children) child.send("stop")
      const reports = await Promise.all(ended)
      const sent = times.filter((time) => time < until)
      const worst = Math.max(...sent.map((from) => sent.filter((time) => time >= from && time < from + 1000).length))
      const successes = reports.map((report) => report.successes)
      const succeeded = successes.reduce((sum, count) => sum + count, 0)
      return {
        failures: reports.flatMap(({ failures }) => failures).slice(0, 5),
        outages: reports.map(({ outages }) => outages),
        jain: jain(successes),
        mean: sent.length / seconds,
        attempts: sent.length / succeeded,
        worst
      }
    })
  }).pipe(Effect.scoped, Effect.runPromise)

describe.skipIf(!RedisServer.isInstalled)(`four processes on one redis-server${RedisServer.needed}`, () => {
  it("shares a known limit fairly and keeps it, with wrong clocks", { retry: 2 }, async () => {
    const { attempts, failures, jain, mean, worst } = await share(20, async () => {})
    expect(failures).toEqual([])
    expect(mean).toBeLessThanOrEqual(51)
    expect(mean).toBeGreaterThan(0.95 * limit)
    // a starved machine bunches what the limiter has spread
    expect(worst).toBeLessThanOrEqual(62)
    expect(jain).toBeGreaterThan(0.95)
    expect(attempts).toBeLessThan(1.05)
  })

  it("fails no call and stays near the limit when the store stalls, dies and returns empty", { retry: 2 }, async () => {
    const { attempts, failures, mean, outages, worst } = await share(16, async (redis) => {
      await setTimeout(3000)
      redis.pause()
      await setTimeout(500)
      redis.resume()
      await setTimeout(3500)
      await redis.kill()
      await setTimeout(4000)
      await redis.start()
    })
    expect(failures).toEqual([])
    expect(Math.min(...outages)).toBeGreaterThanOrEqual(2)
    expect(mean).toBeLessThanOrEqual(1.1 * limit)
    expect(mean).toBeGreaterThan(0.85 * limit)
    expect(worst).toBeLessThanOrEqual(70)
    expect(attempts).toBeLessThan(1.2)
  })
})
