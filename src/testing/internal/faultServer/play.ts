/**
 * Performs the steps of a reply on a socket.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ServerResponse } from "node:http"
import { endedBy, type Entry } from "./ledger.js"
import type { Step } from "../steps.js"

type Head = Extract<Step, { readonly _tag: "Head" }>

const writeHead = (response: ServerResponse, { headers, length, status }: Head, entry: Entry): void => {
  entry.status = status
  response.writeHead(status, length === undefined ? { ...headers } : { ...headers, "content-length": length })
}

/** Waits until the operating system has accepted the bytes, so that a later reset does not discard them. */
const written = (send: (done: () => void) => unknown): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    send(() => resume(Effect.void))
  })

const act = (step: Step, response: ServerResponse, entry: Entry): Effect.Effect<void> => {
  switch (step._tag) {
    case "Wait":
      return Duration.isFinite(step.delay) ? Effect.sleep(step.delay) : Effect.never
    case "Head":
      return Effect.sync(() => {
        writeHead(response, step, entry)
        response.flushHeaders()
      })
    case "Body":
      return written((done) => response.write(step.bytes, done))
    case "Raw":
      return written((done) => response.socket?.write(step.bytes, "latin1", done))
    case "End":
      return written((done) => response.end(done))
    case "Close":
      return Effect.sync(() => {
        // the request's socket is the TLS socket, if there is one: TLS sends an alert before it closes
        response.req.socket.destroySoon()
      })
    case "Reset":
      return Effect.sync(() => {
        endedBy(entry.live, "server", "reset")
        entry.live.tcp.resetAndDestroy()
      })
  }
}

/** Performs all steps synchronously if each is a head, a body or an end. Returns false if it did nothing. */
export const playAtOnce = (steps: ReadonlyArray<Step>, response: ServerResponse, entry: Entry): boolean => {
  if (!steps.every((step) => step._tag === "Head" || step._tag === "Body" || step._tag === "End")) return false
  // `end` sends the last bytes and the end of the body in one system call
  const last = steps.at(-2)
  for (const step of steps.slice(0, last?._tag === "Body" ? -2 : -1)) {
    if (step._tag === "Head") writeHead(response, step, entry)
    else if (step._tag === "Body") response.write(step.bytes)
  }
  response.end(last?._tag === "Body" ? last.bytes : undefined)
  return true
}

/** Performs the steps in order. */
export const play = (steps: ReadonlyArray<Step>, response: ServerResponse, entry: Entry): Effect.Effect<void> =>
  Effect.forEach(steps, (step) => act(step, response, entry), { discard: true })
