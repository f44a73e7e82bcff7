/**
 * Translates a reply into primitive steps, which a server on sockets or a client in memory performs in order.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { Answer, Cut, Drip, Events, Mislabel, Reply, Request } from "../Fault.js"
import { chunks, respond } from "./chatResponses.js"

/** One step of a reply. `Close`, `Reset` and an infinite `Wait` are always the last. */
export type Step =
  | { readonly _tag: "Wait"; readonly delay: Duration.Duration }
  | {
      readonly _tag: "Head"
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      /** The `content-length`; absent if the body uses chunked encoding. */
      readonly length: number | undefined
    }
  | { readonly _tag: "Body"; readonly bytes: string | Uint8Array }
  | { readonly _tag: "Raw"; readonly bytes: string }
  | { readonly _tag: "End" }
  | { readonly _tag: "Close" }
  | { readonly _tag: "Reset" }

type Steps = ReadonlyArray<Step>

const encoder = /*#__PURE__*/ new TextEncoder()

const bytesOf = (bytes: string | Uint8Array): Uint8Array => (typeof bytes === "string" ? encoder.encode(bytes) : bytes)

/** Returns the total number of body bytes in the steps. */
const sizeOf = (steps: Steps): number =>
  steps.reduce((sum, step) => (step._tag === "Body" ? sum + bytesOf(step.bytes).length : sum), 0)

const wait = (delay: Duration.Duration): Steps => (Duration.toMillis(delay) === 0 ? [] : [{ _tag: "Wait", delay }])
const silence: Step = { _tag: "Wait", delay: Duration.infinity }
const end: Step = { _tag: "End" }

/** The steps that end a response early. */
const breaks = { close: { _tag: "Close" }, reset: { _tag: "Reset" }, silence } satisfies Record<string, Step>

/** Returns the steps of a complete response of known length. */
export const whole = (status: number, headers: Readonly<Record<string, string>>, body: string): Steps => [
  { _tag: "Head", status, headers, length: status === 204 || status === 304 ? undefined : encoder.encode(body).length },
  ...(body === "" ? [] : ([{ _tag: "Body", bytes: body }] as const)),
  end
]

// -------------------------------------------------------------------------------------------------
// Responses
// -------------------------------------------------------------------------------------------------

const hint = ({ retryAfter }: Answer, now: number): Readonly<Record<string, string>> | undefined => {
  if (retryAfter === undefined) return undefined
  const millis = Duration.toMillis(retryAfter.delay)
  switch (retryAfter.form) {
    case "millis":
      return { "retry-after-ms": String(Math.ceil(millis)) }
    case "seconds":
      return { "retry-after": String(Math.ceil(millis / 1000)) }
    case "date":
      return { "retry-after": new Date(Math.ceil((now + millis) / 1000) * 1000).toUTCString() }
  }
}

const ending = (fault: Events): Steps => {
  switch (fault.ending) {
    case "done":
      return [{ _tag: "Body", bytes: "data: [DONE]\n\n" }, end]
    case "missing":
      return [end]
    case "error":
      return [{ _tag: "Body", bytes: `event: error\ndata: ${fault.error}\n\n` }, end]
    case "silence":
    case "close":
    case "reset":
      return [breaks[fault.ending]]
  }
}

const events = (fault: Events, request: Request): Steps => {
  const pause = wait(fault.every)
  const ping: Steps = fault.pings ? [{ _tag: "Body", bytes: ": ping\n\n" }] : []
  return [
    { _tag: "Head", status: 200, headers: { "content-type": "text/event-stream" }, length: undefined },
    ...chunks(request, fault.events)
      .slice(0, fault.after)
      .flatMap((chunk, index): Steps => [
        ...(index === 0 ? [] : pause),
        ...ping,
        { _tag: "Body", bytes: `data: ${JSON.stringify(chunk)}\n\n` }
      ]),
    ...ending(fault)
  ]
}

const healthyEvents: Events = {
  _tag: "Events",
  events: undefined,
  every: Duration.zero,
  pings: false,
  after: Infinity,
  ending: "done",
  error: ""
}

const healthy = (request: Request): Steps => {
  const response = respond(request)
  if (response === "stream") return events(healthyEvents, request)
  return whole(response.status, { "content-type": "application/json" }, JSON.stringify(response.body))
}

// -------------------------------------------------------------------------------------------------
// Combinators of replies
// -------------------------------------------------------------------------------------------------

const drip = (fault: Drip, steps: Steps): Steps => {
  let first = true
  return steps.flatMap((step): Steps => {
    if (step._tag !== "Body") return [step]
    const bytes = bytesOf(step.bytes)
    return Array.from({ length: Math.ceil(bytes.length / fault.bytes) }, (_, index): Steps => {
      const piece: Step = { _tag: "Body", bytes: bytes.subarray(index * fault.bytes, (index + 1) * fault.bytes) }
      const before = first ? [] : wait(fault.every)
      first = false
      return [...before, piece]
    }).flat()
  })
}

const cut = (fault: Cut, steps: Steps): Steps => {
  const total = sizeOf(steps)
  let left = fault.after ?? Math.floor(total / 2)
  const kept: Array<Step> = []
  for (const step of steps) {
    if (step._tag === "Head") kept.push({ ...step, length: fault.framing === "length" ? total : undefined })
    else if (step._tag === "Body") {
      const bytes = bytesOf(step.bytes)
      if (bytes.length > left) {
        if (left > 0) kept.push({ _tag: "Body", bytes: bytes.subarray(0, left) })
        break
      }
      left -= bytes.length
      kept.push(step)
    } else if (step._tag === "Wait") kept.push(step)
    else break
  }
  return [...kept, breaks[fault.by]]
}

const mislabel = (fault: Mislabel, steps: Steps): Steps => {
  const length = Math.max(0, sizeOf(steps) + fault.by)
  return steps.map((step) => (step._tag === "Head" ? { ...step, length } : step))
}

/** Returns the steps of a reply to a request. */
export const stepsOf = (fault: Reply, request: Request): Steps => {
  switch (fault._tag) {
    case "Healthy":
      return healthy(request)
    case "Answer":
      return whole(fault.status, { ...hint(fault, request.at), ...fault.headers }, fault.body)
    case "Events":
      return events(fault, request)
    case "Garbage":
      return [{ _tag: "Raw", bytes: fault.bytes }, breaks.close]
    case "Hangup":
      return [breaks[fault.by]]
    case "Stall":
      return [...wait(fault.delay), ...(Duration.isFinite(fault.delay) ? stepsOf(fault.reply, request) : [])]
    case "Drip":
      return drip(fault, stepsOf(fault.reply, request))
    case "Cut":
      return cut(fault, stepsOf(fault.reply, request))
    case "Mislabel":
      return mislabel(fault, stepsOf(fault.reply, request))
    case "CloseAfter":
      return [...stepsOf(fault.reply, request), ...wait(fault.delay), breaks.close]
    case "Reused":
      return stepsOf(request.onConnection > 1 ? fault.reply : fault.first, request)
  }
}
