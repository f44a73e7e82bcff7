/**
 * The headers of models of servers.
 *
 * @since 0.2.0
 */
import * as Dialect from "../../../Dialect.js"
import type { Resource } from "../../../internal/rateLimiter/model.js"
import type { HeaderStyle, ServerOptions } from "./model.js"

export type Headers = Readonly<Record<string, string>>

/** A limit as headers name it. */
export interface NamedLimit {
  readonly resource: Resource
  readonly perMinute: number
  readonly remaining: number
  /** Milliseconds until all of it is available again. */
  readonly reset: number
}

export const noHeaders: Headers = {}

const dialects: { readonly [S in HeaderStyle]: Dialect.Dialect } = {
  none: Dialect.generic,
  ietf: Dialect.generic,
  openai: Dialect.openai,
  anthropic: Dialect.anthropic,
  fireworks: Dialect.fireworks
}

/** Returns the dialect whose limit headers a style has. */
export const dialectOf = (style: HeaderStyle): Dialect.Dialect => dialects[style]

const seconds = (millis: number): string => String(Math.ceil(millis / 1000))

/** Returns the server hint for a wait. */
export const hintHeaders = (form: NonNullable<ServerOptions["hint"]>, millis: number, wallTime: number): Headers => {
  switch (form) {
    case "seconds":
      return { "retry-after": seconds(millis) }
    case "millis":
      return { "retry-after-ms": String(Math.ceil(millis)) }
    case "date":
      return { "retry-after": new Date(Math.ceil((wallTime + millis) / 1000) * 1000).toUTCString() }
    case "none":
      return noHeaders
  }
}

const names: { readonly [S in "openai" | "fireworks"]: { readonly [R in Resource]: string | undefined } } = {
  // the limit of tokens counts input and output together
  openai: { requests: "requests", input: "tokens", output: undefined },
  fireworks: { requests: "requests", input: "tokens-prompt", output: "tokens-generated" }
}

const anthropicNames: { readonly [R in Resource]: string } = {
  requests: "requests",
  input: "input-tokens",
  output: "output-tokens"
}

const rounded = (value: number): string => String(Math.round(value * 1e6) / 1e6)

/** Returns the headers that name limits. */
export const limitHeaders = (
  style: HeaderStyle,
  limits: ReadonlyArray<NamedLimit>,
  misstated: number,
  wallTime: number
): Headers => {
  if (style === "none") return noHeaders
  const headers: Record<string, string> = {}
  for (const { perMinute, remaining, reset, resource } of limits) {
    const limit = rounded(perMinute * misstated)
    const left = String(Math.max(0, Math.floor(remaining)))
    if (style === "ietf") {
      if (resource !== "requests") continue
      headers["ratelimit-policy"] = `"default";q=${limit};w=60`
      headers["ratelimit"] = `"default";r=${left};t=${seconds(reset)}`
    } else if (style === "anthropic") {
      const name = `anthropic-ratelimit-${anthropicNames[resource]}`
      headers[`${name}-limit`] = limit
      headers[`${name}-remaining`] = left
      headers[`${name}-reset`] = new Date(wallTime + Math.ceil(reset)).toISOString()
    } else {
      const name = names[style][resource]
      if (name === undefined) continue
      headers[`x-ratelimit-limit-${name}`] = limit
      headers[`x-ratelimit-remaining-${name}`] = left
      headers[`x-ratelimit-reset-${name}`] = `${Math.ceil(reset)}ms`
    }
  }
  return headers
}
