/** Fixtures of the tests in testing/FaultServer/. */
import { Effect, type Scope } from "effect"
import { FaultServer } from "effect-reliability/testing"
import * as net from "node:net"
import OpenAI from "openai"
import * as undici from "undici"

export type Server = FaultServer.FaultServer

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly text: string
}

/** Sends a request, and returns the response or the code of the failure. */
export type Get = (path?: string, body?: string) => Effect.Effect<Answer | string>

export const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as NodeJS.ErrnoException
  return code ?? (error.cause === undefined ? error.name : codeOf(error.cause))
}

export const settle = <A>(evaluate: (signal: AbortSignal) => Promise<A>): Effect.Effect<A | string> =>
  Effect.promise((signal) => evaluate(signal).catch(codeOf))

export const trusting = ({ ca }: Server) => (ca === undefined ? {} : { ca })

/** Makes a client that uses one connection for as long as the server keeps it open. */
export const client = (
  server: Server,
  connect: undici.Pool.Options["connect"] = trusting(server)
): Effect.Effect<Get, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new undici.Pool(server.origin, { connections: 1, connect })),
      (pool) => Effect.promise(() => pool.destroy())
    ),
    (pool): Get =>
      (path = "/", body) =>
        settle(async (signal) => {
          const {
            body: received,
            headers,
            statusCode
          } = await pool.request({
            path,
            signal,
            method: body === undefined ? "GET" : "POST",
            ...(body !== undefined && { body })
          })
          return { status: statusCode, headers, text: await received.text() }
        })
  )

/** Sends bytes, and returns all received bytes once the connection closes. */
export const raw = (server: Server, bytes: string): Effect.Effect<string> =>
  Effect.async<string>((resume) => {
    const socket = net.connect(server.port, "127.0.0.1", () => socket.write(bytes))
    let text = ""
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")))
    socket.on("error", () => undefined)
    socket.on("close", () => resume(Effect.succeed(text)))
    return Effect.sync(() => socket.destroy())
  })

export const get = "GET / HTTP/1.1\r\nhost: x\r\n\r\n"

export const openai = (server: Server, maxRetries = 0) =>
  new OpenAI({ baseURL: server.baseUrl, apiKey: "key", maxRetries, fetch: globalThis.fetch })

export const messages = [{ role: "user" as const, content: "one two three" }]

/** Runs a function with a server and a client of it. */
export const withServer = <A>(
  options: FaultServer.Options,
  use: (server: Server, send: Get) => Effect.Effect<A, never, Scope.Scope>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* FaultServer.make(options)
      return yield* use(server, yield* client(server))
    })
  )

export const statusOf = (answer: Answer | string) => (typeof answer === "string" ? answer : answer.status)

export const closedOf = ({ closed }: FaultServer.RequestRecord | FaultServer.ConnectionRecord) =>
  closed && `${closed.how} by ${closed.by}`
