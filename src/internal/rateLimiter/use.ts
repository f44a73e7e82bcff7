/**
 * Validation of the uses of a rate limiter.
 *
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import { checkKey } from "../keys.js"
import { refuse } from "../options.js"
import type { RateLimiter, Use } from "./service.js"

/** Returns the slack of a class in milliseconds; throws if the limiter has no such class. */
export const slackOf = (owner: string, { classes }: Pick<RateLimiter, "classes">, name = "interactive"): number => {
  const slack = Object.hasOwn(classes, name) ? classes[name] : undefined
  return slack === undefined
    ? refuse(owner, "class", name, `one of ${Object.keys(classes).join(", ")}`)
    : Duration.toMillis(slack)
}

/** A use that was validated, with the slack of its class in milliseconds. */
export interface CheckedUse extends Use {
  readonly slack: number
}

export const checkUse = (owner: string, given: RateLimiter | Use): CheckedUse => {
  const use: Use = "limiter" in given ? given : { limiter: given }
  if (use.key !== undefined) checkKey(owner, use.key)
  return { ...use, slack: slackOf(owner, use.limiter, use.class) }
}
