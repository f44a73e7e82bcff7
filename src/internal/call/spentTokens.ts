/**
 * The tokens of attempts and streams.
 *
 * @since 0.2.0
 */
import type { ApiError } from "../../ApiError.js"
import { mayBeExecuted } from "../apiError/executed.js"
import type { Cost } from "../rateLimiter/model.js"
import type { About, ModelResponse, Outcome, Tokens } from "./model.js"

/** The parts of a policy that state tokens. */
export interface TokenSource {
  readonly about?: About | undefined
  readonly cost?: Cost | undefined
}

const valid = (count: number | undefined): number | undefined =>
  count !== undefined && Number.isFinite(count) && count >= 0 ? count : undefined

/**
 * Returns the tokens of an attempt or of a stream that has ended: those that its response states, or else the estimated tokens of the
 * prompt. A response that was known before the attempt is not its own.
 */
export const tokensOf = (
  of: Outcome["of"],
  { about, cost }: TokenSource,
  error: ApiError | undefined,
  before: ModelResponse | undefined
): Tokens | undefined => {
  if (of === "call") return undefined
  const response = about?.response === before ? undefined : about?.response
  if (response === undefined && cost === undefined) return undefined
  // the end of a stream reports the tokens of the attempt that opened it
  if (error === undefined ? of === "attempt" && about?.stream === true : !mayBeExecuted(error)) return undefined
  const { inputTokens: stated, outputTokens: output } = response ?? {}
  const input = stated ?? valid(cost?.input)
  if (input === undefined && output === undefined) return undefined
  return { input: input ?? 0, output: output ?? 0, isEstimated: stated === undefined }
}
