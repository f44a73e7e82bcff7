/**
 * Validation of the settings of a Fireworks client. Error messages never contain the values.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"

/** A valid value, or a description of the valid values. */
export type Checked<A> = Either.Either<A, string>

/** Printable ASCII without spaces. Rejects line breaks that a shell or a file may have added. */
const printable = /^[\x21-\x7e]+$/

export const apiKeyOf = (input: Redacted.Redacted): Checked<Redacted.Redacted> =>
  Redacted.isRedacted(input) && printable.test(Redacted.value(input))
    ? Either.right(input)
    : Either.left("a non-empty key in Redacted, without spaces and line breaks")

const accountId = /^[A-Za-z0-9][\w.-]{0,127}$/

export const accountIdOf = (input: string): Checked<string> =>
  accountId.test(input) && !input.includes("..")
    ? Either.right(input)
    : Either.left("the account's id alone: letters, digits, dots, dashes and underscores, at most 128")

/**
 * Returns the base URL without a trailing slash, `/v1` or `/inference/v1`, which other clients expect.
 *
 * An error is a predicate such as "is empty". It does not repeat the input, which may contain credentials.
 */
export const baseUrlOf = (input: string): Checked<string> => {
  if (input.trim() === "") return Either.left("is empty: write https://…")
  // `localhost:3` would be read as a URL of the scheme `localhost:`
  if (!/^\s*[a-z][a-z0-9+.-]*:\/\//i.test(input)) return Either.left("has no scheme: write https://…")
  if (!URL.canParse(input))
    return Either.left("is not a valid URL: write https:// and the host, without invalid characters")
  const { hash, origin, password, pathname, protocol, search, username } = new URL(input)
  if (!/^https?:$/.test(protocol)) return Either.left("begins with neither http: nor https:")
  if (username !== "" || password !== "") return Either.left("contains credentials: remove the part before the @")
  if (search !== "" || hash !== "") return Either.left("contains a query or a fragment: remove the part after ? or #")
  return Either.right(origin + pathname.replace(/(?:\/inference)?(?:\/v1)?\/*$/, ""))
}

/** Returns the base URL of an option. Throws a `RangeError` if it is invalid. */
export const baseUrlFrom = (owner: string, option: string, input: string): string =>
  Either.getOrElse(baseUrlOf(input), (wrong) => {
    throw new RangeError(`${owner}: ${option} ${wrong}`)
  })
