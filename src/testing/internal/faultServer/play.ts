/**
 * Does the steps of a reply on a socket.
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

/** Waits until the host has taken the bytes, so that a reset that follows does not overtake them. */
const taken = (send: (done: () => void) => unknown): Effect.Effect<void> =>
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
      return taken((done) => response.write(step.bytes, done))
    case "Raw":
      return taken((done) => response.socket?.write(step.bytes, "latin1", done))
    case "End":
      return taken((done) => response.end(done))
    case "Close":
      return Effect.sync(() => {
        // of the encrypted connection, if it is one: it has a farewell of its own
        response.req.socket.destroySoon()
      })
    case "Reset":
      return Effect.sync(() => {
        endedBy(entry.live, "server", "reset")
        entry.live.tcp.resetAndDestroy()
      })
  }
}

/** Does all steps at once, if none of them takes time; tells whether it did. */
export const playAtOnce = (steps: ReadonlyArray<Step>, response: ServerResponse, entry: Entry): boolean => {
  if (!steps.every((step) => step._tag === "Head" || step._tag === "Body" || step._tag === "End")) return false
  // the last bytes together with the end, which is one packet and one system call
  const last = steps.at(-2)
  for (const step of steps.slice(0, last?._tag === "Body" ? -2 : -1)) {
    if (step._tag === "Head") writeHead(response, step, entry)
    else if (step._tag === "Body") response.write(step.bytes)
  }
  response.end(last?._tag === "Body" ? last.bytes : undefined)
  return true
}

/** Does one step after another. */
export const play = (steps: ReadonlyArray<Step>, response: ServerResponse, entry: Entry): Effect.Effect<void> =>
  Effect.forEach(steps, (step) => act(step, response, entry), { discard: true })
