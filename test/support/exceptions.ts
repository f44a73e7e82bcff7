/**
 * Fixtures of the tests in exceptions/.
 *
 * What real clients throw when real servers fail, and what `Classify.exception` makes of it.
 *
 * Two rules decide what is right where an exception does not tell everything: `NotSent` is claimed only if no byte of
 * the request can have arrived, and each test here looks at the server's side for that; and what cannot be known is left
 * out, or is the weaker `Unconfirmed`.
 */
import { Effect, type Scope } from "effect"
import type { ApiError } from "effect-reliability"
import { Classify } from "effect-reliability"
import { setImmediate } from "node:timers/promises"
import { expect } from "vitest"
import { type Call, clients, type Name, type Settings } from "./clients.js"
import { type Behaviour, serve, type Server } from "./faults.js"

// -------------------------------------------------------------------------------------------------
// What is expected
// -------------------------------------------------------------------------------------------------

/** The fields that are concluded; an absent one has to be absent. A pattern stands for several versions of Node. */
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
// How it is raised
// -------------------------------------------------------------------------------------------------

export interface Raised {
  readonly exception: unknown
  /** The server that the request was meant for, if there is one. */
  readonly server?: Server
}

export type Raise = (client: Name) => Effect.Effect<Raised, unknown, Scope.Scope>

export interface Options {
  readonly settings?: Settings
  readonly call?: Omit<Call, "url">
}

/** One call to a server that misbehaves; whose behaviour needs a controller, aborts the call with it. */
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

/** One call to where no server is. */
export const towards =
  (url: Effect.Effect<string, never, Scope.Scope>, { call, settings = {} }: Options = {}): Raise =>
  (name) =>
    Effect.gen(function* () {
      const client = yield* clients[name](settings)
      return { exception: yield* Effect.flip(client({ url: yield* url, ...call })) }
    })

/** What one side of a connection on this machine has sent, the other has read some turns of the loop later. */
export const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 4; turn++) await setImmediate()
}

export const received = (server: Server | undefined): number =>
  server?.connections.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0

/** Classifies, and holds the claim against what the server has seen. */
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
// Answers
// -------------------------------------------------------------------------------------------------

export const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

export const says = (text: string): Behaviour => ({ onRequest: ({ socket }) => socket.end(text) })

export const host = "127.0.0.1"

// what an Effect fails with reaches the world outside of Effect in a `Cause`, and that in a `FiberFailure`
export const promised = (): Options => ({ call: { signal: new AbortController().signal } })
