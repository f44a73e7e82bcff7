/**
 * A call that was interrupted while it waited for a connection was reported as `Unconfirmed`, although none of its bytes had left.
 */
import { HttpClientRequest } from "@effect/platform"
import { it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { Accounting, Reliability } from "effect-reliability"
import * as EventStream from "effect-reliability/stream"
import { describe, expect } from "vitest"
import { web } from "../support/proxy.js"
import { make, pause, reliable, silent, until, workload } from "../support/transport.js"

type Client = ReturnType<typeof reliable>

const calls: Record<string, (client: Client, url: string) => Effect.Effect<unknown, unknown>> = {
  "a client's request": (client, url) => client.get(url),
  "a request in a protected call": (client, url) => Reliability.protect(client.get(url), workload()),
  "a stream": (client, url) => Stream.runDrain(EventStream.open(HttpClientRequest.get(url), { client }))
}

describe.each(Object.entries(calls))("%s", (_, call) => {
  it.scopedLive(
    "reports NotSent if it is interrupted before it has a connection, and Unconfirmed after it was sent",
    () =>
      Effect.gen(function* () {
        const server = yield* web(silent)
        const client = reliable(yield* make({ connections: 1 }))
        const accounting = yield* Accounting.make()
        const sent = yield* Effect.fork(call(client, server.origin).pipe(Accounting.count(accounting)))
        yield* until(() => server.requests.length === 1)
        const queued = yield* Effect.fork(call(client, server.origin).pipe(Accounting.count(accounting)))
        yield* pause(20)
        yield* Fiber.interrupt(queued)
        yield* Fiber.interrupt(sent)
        const { rows } = yield* accounting.snapshot
        const aborted = rows.filter(({ of, reason }) => of === "attempt" && reason === "Aborted")
        expect(aborted.map(({ delivery }) => delivery).toSorted()).toEqual(["NotSent", "Unconfirmed"])
        expect(server.requests).toHaveLength(1)
      })
  )
})
