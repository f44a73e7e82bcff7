/**
 * The keys under which rate limiters and circuit breakers keep their states.
 *
 * @since 0.2.0
 */
import { refuse } from "./options.js"

/** Returns the key; throws if it is empty. */
export const checkKey = (owner: string, key: string): string =>
  typeof key === "string" && key !== "" ? key : refuse(owner, "key", key, "a string that is not empty")

/** Returns the default key of calls without a request: host and model. */
export const keyOfAbout = (
  about: { readonly host?: string | undefined; readonly model?: string | undefined } | undefined
): string => (about === undefined ? "default" : [about.host, about.model].filter(Boolean).join(" ") || "default")
