/**
 * Fixtures of the tests in exceptions/.
 *
 * The exceptions of real clients when real servers fail, and their classification by `Classify.exception`.
 *
 * Two rules apply where an exception is incomplete. `NotSent` requires that no byte of the request can have arrived; each
 * test checks this on the server's side. An unknown field is absent, and an unknown delivery is the weaker `Unconfirmed`.
 */
import { Effect, type Scope } from "effect"
import type { ApiError } from "effect-reliability"
import { Classify } from "effect-reliability"
import { setImmediate } from "node:timers/promises"
import { expect } from "vitest"
import { type Call, clients, type Name, type Settings } from "./clients.js"
import { type Behaviour, serve, type Server } from "./faults.js"

// -------------------------------------------------------------------------------------------------
// Expected errors
// -------------------------------------------------------------------------------------------------

/** The expected fields of an error; other fields must be absent. A pattern covers several versions of Node. */
export interface Verdict extends Partial<Pick<ApiError.ApiError, "phase" | "reusedSocket">> {
  readonly _tag: ApiError.ApiError["_tag"]
  readonly reason: ApiError.Reason
  readonly delivery: ApiError.Delivery
  readonly code?: string | RegExp
}

export type More = Partial<Pick<Verdict, "code" | "phase" | "reusedSocket">>

export const transient = (reason: ApiError.TransientReason, delivery: ApiError.Delivery, more?: More): Verdict => ({
  _tag: "Transient",
  reason,
  delivery,
  ...more
})

export const fatal = (reason: ApiError.FatalReason, delivery: ApiError.Delivery, more?: More): Verdict => ({
  _tag: "Fatal",
  reason,
  delivery,
  ...more
})

// -------------------------------------------------------------------------------------------------
// Calls that fail
// -------------------------------------------------------------------------------------------------

export interface Raised {
  readonly exception: unknown
  /** The server of the request, if there is one. */
  readonly server?: Server
}

export type Raise = (client: Name) => Effect.Effect<Raised, unknown, Scope.Scope>

export interface Options {
  readonly settings?: Settings
  readonly call?: Omit<Call, "url">
}

/** Calls a misbehaving server. A behaviour that is a function can abort the call with its controller. */
export const against =
  (behaviour: Behaviour | ((controller: AbortController) => Behaviour), { call, settings = {} }: Options = {}): Raise =>
  (name) =>
    Effect.gen(function* () {
      const controller = new AbortController()
      const aborts = typeof behaviour === "function"
      const server = yield* serve(aborts ? behaviour(controller) : behaviour)
      const client = yield* clients[name](settings)
      const signal = aborts ? { signal: controller.signal } : {}
      const exception = yield* Effect.flip(client({ url: server.origin, ...signal, ...call }))
      return { exception, server }
    })

/** Calls a URL without a server. */
export const towards =
  (url: Effect.Effect<string, never, Scope.Scope>, { call, settings = {} }: Options = {}): Raise =>
  (name) =>
    Effect.gen(function* () {
      const client = yield* clients[name](settings)
      return { exception: yield* Effect.flip(client({ url: yield* url, ...call })) }
    })

/** Waits a few turns of the event loop, after which sent bytes have been read on the other side. */
export const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 4; turn++) await setImmediate()
}

export const received = (server: Server | undefined): number =>
  server?.connections.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0

/** Classifies an exception, and compares a delivery of `NotSent` with the bytes that the server received. */
export const classify = ({ exception, server }: Raised, options?: Partial<Classify.ExceptionOptions>) =>
  Effect.gen(function* () {
    const error = Classify.exception(exception, { now: 0, ...options })
    yield* Effect.promise(turns)
    if (error.delivery === "NotSent") expect(received(server)).toBe(0)
    return error
  })

export const concluded = (error: ApiError.ApiError, like: Verdict): Verdict => {
  const { _tag, code, delivery, phase, reason, reusedSocket } = error
  const sameCode = like.code instanceof RegExp && like.code.test(code ?? "")
  return {
    _tag,
    reason,
    delivery,
    ...(sameCode ? { code: like.code } : code !== undefined && { code }),
    ...(phase && { phase }),
    ...(reusedSocket !== undefined && { reusedSocket })
  }
}

// -------------------------------------------------------------------------------------------------
// Responses
// -------------------------------------------------------------------------------------------------

export const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

export const says = (text: string): Behaviour => ({ onRequest: ({ socket }) => socket.end(text) })

export const host = "127.0.0.1"

// outside of Effect, the error of an effect is wrapped in a `Cause`, and the cause in a `FiberFailure`
export const promised = (): Options => ({ call: { signal: new AbortController().signal } })
