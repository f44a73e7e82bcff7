/**
 * Masks secrets in errors that only the client can recognise: the API key, the account ids, and the content of the request.
 *
 * A server may repeat parts of the request in its error message, without quotes that would mark them. The client compares the
 * message with the request, and masks the words that both contain.
 *
 * @since 0.1.0
 */
import type { ApiError } from "../../ApiError.js"
import { unsafeMake } from "../../internal/apiError/unsafeMake.js"

/** Values that must not appear in errors. */
export interface Confidential {
  readonly apiKey: string
  readonly accounts: ReadonlyArray<string>
  /** Returns the request's body as a value. */
  readonly body: (() => unknown) | undefined
}

const hole = "[redacted]"

// fields whose values are names of the API, and not content of the user
const technical: ReadonlySet<string> = new Set(["model", "role", "type", "service_tier", "reasoning_effort"])

/** The maximum length of a request's texts that are compared. */
const maxContent = 2 ** 20
const maxDepth = 12

const wordPattern = /[\p{L}\p{N}_-]+/gu

const wordsOf = (text: string): ReadonlyArray<string> => text.match(wordPattern) ?? []

const textsIn = (body: unknown): ReadonlyArray<string> => {
  const texts: Array<string> = []
  let size = 0
  const visit = (value: unknown, depth: number): void => {
    if (depth > maxDepth || size > maxContent) return
    if (typeof value === "string") {
      texts.push(value.slice(0, maxContent - size))
      size += value.length
    } else if (Array.isArray(value)) {
      for (const one of value) visit(one, depth + 1)
    } else if (typeof value === "object" && value !== null) {
      for (const [key, one] of Object.entries(value)) if (!technical.has(key)) visit(one, depth + 1)
    }
  }
  visit(body, 0)
  return texts
}

/** Returns true for words that are unlikely to appear by coincidence, such as ids, codes and long words. */
const isUnusual = (word: string): boolean => word.length >= 6 && /[\p{N}_-]|^.{14,}$/u.test(word)

/** The number of consecutive common words that are masked. Fewer may match by coincidence. */
const run = 4

/**
 * Masks the words of a text that come from the request: whole short texts, four words in a row, and single unusual words.
 *
 * Takes time proportional to the length of the request.
 */
export const withoutEchoes = (text: string, body: unknown): string => {
  const found = [...text.matchAll(wordPattern)]
  const words = found.map(([word]) => word.toLowerCase())
  const echoed = new Set<number>()
  // the positions of each phrase of one to four words
  const phrases = new Map<string, Array<number>>()
  for (let length = 1; length <= run; length++) {
    for (let at = 0; at + length <= words.length; at++) {
      const phrase = words.slice(at, at + length).join(" ")
      const known = phrases.get(phrase)
      if (known === undefined) phrases.set(phrase, [at])
      else known.push(at)
    }
  }
  const done = new Set<string>()
  const mark = (phrase: string, length: number): void => {
    const places = done.has(phrase) ? undefined : phrases.get(phrase)
    if (places === undefined) return
    done.add(phrase)
    for (const at of places) for (let index = at; index < at + length; index++) echoed.add(index)
  }
  for (const content of textsIn(body)) {
    const sent = wordsOf(content.toLowerCase())
    if (sent.length < run && content.length > 2) mark(sent.join(" "), sent.length)
    sent.forEach((word, start) => {
      if (isUnusual(word)) mark(word, 1)
      // a cheap check first: most pairs of words in a long prompt do not occur in the text
      if (start + run <= sent.length && phrases.has(`${word} ${sent[start + 1]}`)) {
        mark(sent.slice(start, start + run).join(" "), run)
      }
    })
  }
  let masked = ""
  let copied = 0
  found.forEach(({ 0: word, index: at }, index) => {
    if (!echoed.has(index)) return
    if (!echoed.has(index - 1)) masked += text.slice(copied, at) + hole
    copied = at + word.length
  })
  return masked + text.slice(copied)
}

/** The length from which an account id is also masked inside of a word. */
const distinctive = 6

const patternOf = (account: string): RegExp => {
  const literal = account.replaceAll(/[^\w-]/g, "\\$&")
  // a short id must be a whole word; a percent escape or a JSON escape may precede it
  return new RegExp(
    account.length < distinctive
      ? `(?:(?<![A-Za-z0-9])|(?<=%[0-9a-f]{2}|\\\\[bfnrt]))${literal}(?![A-Za-z0-9])`
      : literal,
    "gi"
  )
}

/** Masks the API key and the account ids. */
export const withoutNames = (text: string, { accounts, apiKey }: Omit<Confidential, "body">): string =>
  accounts.reduce((rest, account) => rest.replace(patternOf(account), "[account]"), text.replaceAll(apiKey, hole))

/** Returns the error with its confidential values masked, or the same error if it contains none. */
export const withoutSecrets = (error: ApiError, secrets: Confidential): ApiError => {
  const clean = (text: string): string => withoutEchoes(withoutNames(text, secrets), secrets.body?.())
  const detail = error.detail === undefined ? undefined : clean(error.detail)
  // a partly masked code or id is useless, so it is removed
  const whole = (text: string | undefined) => (text === undefined || clean(text) !== text ? undefined : text)
  const code = whole(error.code)
  const requestId = whole(error.requestId)
  return detail === error.detail && code === error.code && requestId === error.requestId
    ? error
    : altered(error, { detail, code, requestId })
}

/** Returns a copy of the error with some fields changed. */
export const altered = (
  error: ApiError,
  changes: { readonly [K in "detail" | "code" | "requestId" | "remedy"]?: string | undefined }
): ApiError => {
  const { cause } = error
  const fields = { ...error, ...changes }
  switch (error._tag) {
    case "RateLimit":
      return unsafeMake({ class: "RateLimit", reason: error.reason }, fields, cause)
    case "Transient":
      return unsafeMake({ class: "Transient", reason: error.reason }, fields, cause)
    case "Fatal":
      return unsafeMake({ class: "Fatal", reason: error.reason }, fields, cause)
  }
}
