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

/** A base URL without the path of inference, which clients of other makers want, and without a slash at its end. */
export const baseUrlOf = (input: string): Checked<string> => {
  const bound = "a URL that begins with http: or https:, without credentials, query and fragment"
  if (!URL.canParse(input)) return Either.left(bound)
  const { hash, origin, password, pathname, protocol, search, username } = new URL(input)
  return !/^https?:$/.test(protocol) || [username, password, search, hash].some((part) => part !== "")
    ? Either.left(bound)
    : Either.right(origin + pathname.replace(/(?:\/inference(?:\/v1)?)?\/*$/, ""))
}
