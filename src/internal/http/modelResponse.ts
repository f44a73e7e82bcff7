/**
 * Reads the facts that the responses of models state about themselves, in the forms of OpenAI, Fireworks and Anthropic.
 *
 * @since 0.2.0
 */
import type { ModelResponse } from "../call/model.js"
import { fieldsOf, usageOf } from "../rateLimiter/requestUse.js"

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value.length > 0 && value.length <= 200 ? value : undefined

// a reason is one word, so that no other text of a response can take its place
const reasonOf = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string" && /^[\w-]{1,40}$/.test(value) ? [value] : []

const finishReasonsOf = ({ choices, delta, message, response, status, stop_reason }: Fields): ReadonlyArray<string> => {
  if (Array.isArray(choices)) return choices.flatMap((choice) => reasonOf(fieldsOf(choice)["finish_reason"]))
  const stop = stop_reason ?? fieldsOf(delta)["stop_reason"] ?? fieldsOf(message)["stop_reason"]
  const state = status ?? fieldsOf(response)["status"]
  return stop === undefined && state !== "in_progress" && state !== "queued" ? reasonOf(state) : reasonOf(stop)
}

type Fields = ReturnType<typeof fieldsOf>

/** Returns the facts that a response or an event states, added to those that earlier events stated. */
export const modelResponseOf = (value: unknown, before?: ModelResponse): ModelResponse | undefined => {
  const fields = fieldsOf(value)
  const whole = fieldsOf(fields["message"] ?? fields["response"])
  const id = textOf(fields["id"] ?? whole["id"]) ?? before?.id
  const model = textOf(fields["model"] ?? whole["model"]) ?? before?.model
  const reasons = finishReasonsOf(fields)
  const finishReasons = reasons.length > 0 ? reasons : before?.finishReasons
  const { input = before?.inputTokens, output = before?.outputTokens } = usageOf(value) ?? {}
  const isOther = before === undefined && model === undefined && input === undefined && output === undefined
  return isOther ? undefined : { id, model, finishReasons, inputTokens: input, outputTokens: output }
}

/** An event with one of these fields states more than the events before. */
const stating = /"usage"\s*:\s*\{|"(?:finish_reason|stop_reason)"\s*:\s*"|"status"\s*:\s*"(?!in_progress|queued)/

const withinEvent = (data: string, before: ModelResponse | undefined): ModelResponse | undefined => {
  if (!stating.test(data) && (before !== undefined || !data.includes('"model"'))) return before
  try {
    return modelResponseOf(JSON.parse(data), before)
  } catch {
    return before
  }
}

/** Adds the facts that events state to the description of a call. Only events that can state some are parsed. */
export const completeFrom = (
  about: { response?: ModelResponse | undefined },
  events: ReadonlyArray<{ readonly data: string }>
): void => {
  for (const { data } of events) about.response = withinEvent(data, about.response)
}
