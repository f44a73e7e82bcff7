/**
 * Makes the parts of a streamed response from its chunks: a state, and a function from a state and a chunk to the next state.
 *
 * @since 0.2.0
 */
import type * as Response from "@effect/ai/Response"
import * as Either from "effect/Either"
import type { ApiError } from "../../ApiError.js"
import type { ChatChunk, Usage } from "../../fireworks/Fireworks.js"
import { type Call, finishPart, metadataPart, toolCallPart } from "./responseParts.js"

type Part = Response.StreamPartEncoded

type Delta = ChatChunk["choices"][number]["delta"]

type ToolDelta = NonNullable<Delta["tool_calls"]>[number]

type Kind = "reasoning" | "text"

/** A call of a tool whose arguments are arriving. */
interface OpenCall extends Call {
  /** The position of the call in the response, if the server reports positions. */
  readonly index: number | undefined
}

/** The part of a response that was received. */
export interface State {
  /** The beginning of the ids of all parts. */
  readonly prefix: string
  readonly isStarted: boolean
  /** The number of texts and reasonings that began. */
  readonly begun: number
  /** The text or reasoning whose deltas are arriving. */
  readonly open: { readonly kind: Kind; readonly id: string } | undefined
  readonly calls: ReadonlyArray<OpenCall>
  readonly finishReason: string | undefined
  readonly usage: Usage | undefined
}

/** The state before the first chunk. */
export const initial = (prefix: string): State => ({
  prefix,
  isStarted: false,
  begun: 0,
  open: undefined,
  calls: [],
  finishReason: undefined,
  usage: undefined
})

type Step = readonly [State, ReadonlyArray<Part>]

const closed = (state: State): Step =>
  state.open === undefined
    ? [state, []]
    : [{ ...state, open: undefined }, [{ type: `${state.open.kind}-end`, id: state.open.id }]]

const withText = (state: State, kind: Kind, delta: string): Step => {
  if (state.open?.kind === kind) return [state, [{ type: `${kind}-delta`, id: state.open.id, delta }]]
  const [before, ended] = closed(state)
  const id = `${state.prefix}-${kind}-${state.begun}`
  const begins: ReadonlyArray<Part> = [
    { type: `${kind}-start`, id },
    { type: `${kind}-delta`, id, delta }
  ]
  return [{ ...before, begun: state.begun + 1, open: { kind, id } }, [...ended, ...begins]]
}

/** Returns the position of the call that a delta continues. A server that reports no index sends an id with each new call. */
const positionOf = (calls: ReadonlyArray<OpenCall>, { id, index }: ToolDelta): number => {
  if (typeof index === "number") return calls.findIndex((call) => call.index === index)
  return id ? calls.findIndex((call) => call.id === id) : calls.length - 1
}

const withToolDelta = (state: State, delta: ToolDelta): Step => {
  const [before, ended] = closed(state)
  const found = positionOf(state.calls, delta)
  const position = found === -1 ? state.calls.length : found
  const call: OpenCall = state.calls[position] ?? {
    id: delta.id || `${state.prefix}-${position}`,
    index: delta.index ?? undefined,
    name: undefined,
    arguments: ""
  }
  const json = delta.function?.arguments ?? ""
  const next = { ...call, name: call.name ?? (delta.function?.name || undefined), arguments: call.arguments + json }
  const { id, name } = next
  const calls = [...state.calls.slice(0, position), next, ...state.calls.slice(position + 1)]
  const begins = call.name === undefined && name !== undefined
  // the name may arrive after the beginning of the arguments
  const arrived = begins ? next.arguments : json
  const parts: ReadonlyArray<Part> = [
    ...ended,
    ...(begins ? [{ type: "tool-params-start", id, name } as const] : []),
    ...(name !== undefined && arrived !== "" ? [{ type: "tool-params-delta", id, delta: arrived } as const] : [])
  ]
  return [{ ...before, calls }, parts]
}

/** Returns the next state, and the parts that a chunk adds. Only the first choice is read. */
export const step = (state: State, chunk: ChatChunk): Step => {
  const parts: Array<Part> = state.isStarted ? [] : [metadataPart(chunk)]
  const choice = chunk.choices.find(({ index }) => (index ?? 0) === 0)
  let next: State = {
    ...state,
    isStarted: true,
    finishReason: choice?.finish_reason ?? state.finishReason,
    usage: chunk.usage ?? state.usage
  }
  const add = ([after, added]: Step): void => {
    next = after
    parts.push(...added)
  }
  const { content, reasoning_content: reasoning, tool_calls } = choice?.delta ?? {}
  if (reasoning) add(withText(next, "reasoning", reasoning))
  if (content) add(withText(next, "text", content))
  for (const delta of tool_calls ?? []) add(withToolDelta(next, delta))
  return [next, parts]
}

/** Returns the parts after the last chunk. The calls of tools are among them: no tool runs for a stream that broke off. */
export const end = (state: State): Either.Either<ReadonlyArray<Part>, ApiError> =>
  Either.gen(function* () {
    const parts: Array<Part> = [...closed(state)[1]]
    for (const [position, call] of state.calls.entries()) {
      const whole = yield* toolCallPart(call, position, state.finishReason)
      parts.push({ type: "tool-params-end", id: call.id }, whole)
    }
    parts.push(finishPart(state.finishReason, state.usage, state.calls.length > 0))
    return parts
  })
