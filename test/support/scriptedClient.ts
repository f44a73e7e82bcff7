/**
 * Fixtures of the tests in testing/ScriptedClient/.
 *
 * Scripts in memory: the results and times that clients observe, and the equivalence of the same script on sockets.
 */
import type { HttpClient } from "@effect/platform"
import { HttpClientRequest, type HttpClientResponse } from "@effect/platform"
import { type Duration, Effect, Fiber, TestClock } from "effect"
import { type ApiError, Classify } from "effect-reliability"
import type { FaultServer, ScriptedClient } from "effect-reliability/testing"
import { expect } from "vitest"

export type Client = ScriptedClient.ScriptedClient

export const url = "http://api.test/path?q=1"

export const summaryOf = ({ delivery, phase, reason, reusedSocket, status }: ApiError.ApiError) =>
  [reason, delivery, status, phase, reusedSocket && "reused"].filter((part) => part !== undefined).join(" ")

export const shown = ({ status }: HttpClientResponse.HttpClientResponse, text: string) =>
  `${status} ${text.length > 20 ? `${text.slice(0, 17)}…` : text}`.trim()

/** Returns a summary of a client's response or error. */
export const seenBy = <E>(
  client: HttpClient.HttpClient.With<E>,
  request = HttpClientRequest.get(url)
): Effect.Effect<string> =>
  client.execute(request).pipe(
    Effect.flatMap((response) => Effect.map(response.text, (text) => shown(response, text))),
    Effect.mapError((error) => summaryOf(Classify.exception(error, { now: 0 }))),
    Effect.merge
  )

/** Runs an effect while the clock advances by the given time. */
export const within =
  (duration: Duration.DurationInput) =>
  <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.flatMap(Effect.fork(effect), (fiber) => Effect.zipRight(TestClock.adjust(duration), Fiber.join(fiber)))

export const recorded = ({ closed, connection, ended, number, onConnection, status }: FaultServer.RequestRecord) => ({
  number,
  connection: `${connection}.${onConnection}`,
  status,
  complete: ended?.complete,
  closed: closed && `${closed.how} by ${closed.by}`
})

/** Returns the number of root fibers. */
export const daemons = Effect.map(Fiber.roots, (roots) => roots.length)

/** Fails if a root fiber of the effect is still running after it. */
export const leavesNothing = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.gen(function* () {
    const before = yield* daemons
    const result = yield* effect
    expect(yield* daemons).toBe(before)
    return result
  })

export const echo = `200 {"object":"echo",…`
