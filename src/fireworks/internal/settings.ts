/**
 * What a Fireworks client is made with, checked, in words that hold none of it.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"

/** A value, or what it must be. */
export type Checked<A> = Either.Either<A, string>

/** What headers can hold, and nothing that a shell or a file has left behind. */
const printable = /^[\x21-\x7e]+$/

export const apiKeyOf = (input: Redacted.Redacted): Checked<Redacted.Redacted> =>
  Redacted.isRedacted(input) && printable.test(Redacted.value(input))
    ? Either.right(input)
    : Either.left("a key in Redacted that is not empty, without blanks and line breaks")

const accountId = /^[A-Za-z0-9][\w.-]{0,127}$/

export const accountIdOf = (input: string): Checked<string> =>
  accountId.test(input) && !input.includes("..")
    ? Either.right(input)
    : Either.left("the account's id alone: letters, digits, dots and dashes")

/**
 * A base URL without the path of inference, which clients of other makers want, and without a slash at its end; or what is
 * wrong with it, as what is said of it: what was given is not repeated, for it may hold credentials.
 */
export const baseUrlOf = (input: string): Checked<string> => {
  if (input.trim() === "") return Either.left("is empty: write https://…")
  // `localhost:3` would be read as a URL of the scheme `localhost:`
  if (!/^\s*[a-z][a-z0-9+.-]*:\/\//i.test(input)) return Either.left("has no scheme: write https://…")
  if (!URL.canParse(input))
    return Either.left("is no URL: write https://, the host, and nothing that a URL cannot hold")
  const { hash, origin, password, pathname, protocol, search, username } = new URL(input)
  if (!/^https?:$/.test(protocol)) return Either.left("begins with neither http: nor https:")
  if (username !== "" || password !== "") return Either.left("holds credentials: leave out what is before the @")
  if (search !== "" || hash !== "") return Either.left("holds a query or a fragment: leave out what follows ? or #")
  return Either.right(origin + pathname.replace(/(?:\/inference)?(?:\/v1)?\/*$/, ""))
}

/** The same of an option; fails construction. */
export const baseUrlFrom = (owner: string, option: string, input: string): string =>
  Either.getOrElse(baseUrlOf(input), (wrong) => {
    throw new RangeError(`${owner}: ${option} ${wrong}`)
  })
