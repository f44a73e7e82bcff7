/**
 * Fixtures of the tests in node/Transport/.
 *
 * The transport on real sockets: the delivery of an error is compared with the bytes that arrived at the server.
 */
import type { HttpClient } from "@effect/platform"
import { type HttpClientError, HttpClientRequest } from "@effect/platform"
import { Cause, Duration, Effect, Exit, Option, Schedule, type Scope } from "effect"
import type { ApiError } from "effect-reliability"
import { Classify, ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import type * as http from "node:http"
import type * as net from "node:net"
import { expect } from "vitest"

// -------------------------------------------------------------------------------------------------
// Clients
// -------------------------------------------------------------------------------------------------

export const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)

export const millis = (time: number): Duration.Duration => Duration.millis(time)

export const once = Retry.make({ attempts: 1 })

/** Makes a workload of one attempt with the given timeouts; the others are long. */
export const workload = (timeouts: Partial<Workload.Options["timeouts"]> = {}): Workload.Workload =>
  Workload.make({ name: "test", timeouts: { attempt: "10 seconds", ...timeouts }, retry: once })

export const make = (options: Transport.Options = {}): Effect.Effect<HttpClient.HttpClient, never, Scope.Scope> =>
  Transport.make({ proxy: "none", ...options })

export const reliable = (client: HttpClient.HttpClient, timeouts?: Partial<Workload.Options["timeouts"]>) =>
  ReliableHttpClient.make(client, { workload: workload(timeouts) })

export type AnyClient = HttpClient.HttpClient.With<ApiError.ApiError | HttpClientError.HttpClientError>

/** Returns a transport alone and under `ReliableHttpClient`. */
export const both = (transport: HttpClient.HttpClient): ReadonlyArray<AnyClient> => [transport, reliable(transport)]

/** Returns the error of a call. */
export const failure = <A, E>(call: Effect.Effect<A, E>): Effect.Effect<ApiError.ApiError> =>
  Effect.map(Effect.exit(Effect.scoped(call)), (exit) => {
    if (Exit.isSuccess(exit)) throw new Error("it succeeded")
    const error = Cause.failureOption(exit.cause)
    if (Option.isNone(error)) throw new Error(`it died: ${Cause.pretty(exit.cause)}`)
    return Classify.exception(error.value, { now: 0 })
  })

const { post } = HttpClientRequest

export const sending = (url: string, text = "hello"): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.bodyText(post(url), text)

export const text = <E, E2, R>(
  response: Effect.Effect<{ readonly text: Effect.Effect<string, E2> }, E, R>
): Effect.Effect<string, E | E2, R> => Effect.flatMap(response, ({ text }) => text)

/** Responds to a request once its whole body has arrived. */
export const onBody =
  (
    respond: (body: Buffer, request: http.IncomingMessage, response: http.ServerResponse) => void
  ): http.RequestListener =>
  (request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => respond(Buffer.concat(chunks), request, response))
  }

/** Responds with the method, URL and body of the request. */
export const echo = onBody((body, request, response) =>
  response.end(`${request.method} ${request.url} ${body.toString()}`)
)

/** Reads requests and never responds. */
export const silent: http.RequestListener = (request) => void request.resume()

export const pause = (time: number) => Effect.sleep(millis(time))

/** Waits until a condition holds. */
export const until = (holds: () => boolean, millis = 2000): Effect.Effect<void> =>
  Effect.suspend(() => (holds() ? Effect.void : Effect.fail("not yet"))).pipe(
    Effect.retry(Schedule.spaced("2 millis")),
    Effect.timeout(millis),
    Effect.orDie,
    Effect.asVoid
  )

export const answer = (body = "ok", headers = ""): string =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n${headers}\r\n${body}`

/** Calls back for each request of a connection. Requests must not have a body. */
export const onRequest = (socket: net.Socket, respond: (nth: number) => void): void => {
  let nth = 0
  let head = ""
  socket.on("data", (chunk: Buffer) => {
    head += chunk.toString("latin1")
    for (let end = head.indexOf("\r\n\r\n"); end >= 0; end = head.indexOf("\r\n\r\n")) {
      head = head.slice(end + 4)
      respond(nth++)
    }
  })
}

// -------------------------------------------------------------------------------------------------
// Leaks
// -------------------------------------------------------------------------------------------------

export const resources = (): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) {
    if (/TCP|TLS|Timeout|GetAddrInfo/.test(name)) counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

/** Waits without a timer until no more resources are open than before. */
export const nothingLeft = async (before: Record<string, number>): Promise<void> => {
  const end = performance.now() + 1000
  const more = () => Object.entries(resources()).filter(([name, count]) => count > (before[name] ?? 0))
  while (more().length > 0 && performance.now() < end) await new Promise((resolve) => setImmediate(resolve))
  expect(more()).toEqual([])
}

export const problems: Array<unknown> = []
export const note = (problem: unknown) => void problems.push(problem)
