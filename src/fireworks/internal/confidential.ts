/**
 * Takes what only the client knows to be secret out of its errors: the key, the account, and what was asked.
 *
 * A server that echoes the request into its error message does not quote it in any way that could be recognised. The client
 * knows the words, and takes them out wherever they come back.
 *
 * @since 0.1.0
 */
import type { ApiError } from "../../ApiError.js"
import { unsafeMake } from "../../internal/apiError/unsafeMake.js"

/** What must not come back. */
export interface Confidential {
  readonly apiKey: string
  readonly accounts: ReadonlyArray<string>
  /** The request's body as a value; called where there is something to look for. */
  readonly body: (() => unknown) | undefined
}

const hole = "[redacted]"

// what names something of the API, and nothing of the user's
const technical: ReadonlySet<string> = new Set(["model", "role", "type", "service_tier", "reasoning_effort"])

/** How much of a request is looked at; the rest of a longer one repeats its kind of words. */
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

/** A word that hardly two people write by chance: an id, a code, something long. */
const isUnusual = (word: string): boolean => word.length >= 6 && /[\p{N}_-]|^.{14,}$/u.test(word)

/** As many words in a row are no coincidence. */
const run = 4

/**
 * Masks the words of a text that were asked: whole texts, four words in a row, single ones that are unusual.
 *
 * Takes time in proportion to what was asked, which may be long.
 */
export const withoutEchoes = (text: string, body: unknown): string => {
  const found = [...text.matchAll(wordPattern)]
  const words = found.map(([word]) => word.toLowerCase())
  const asked = new Set<number>()
  // what of the text could be theirs, by its words and how many they are
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
  const ask = (phrase: string, length: number): void => {
    const places = done.has(phrase) ? undefined : phrases.get(phrase)
    if (places === undefined) return
    done.add(phrase)
    for (const at of places) for (let index = at; index < at + length; index++) asked.add(index)
  }
  for (const content of textsIn(body)) {
    const theirs = wordsOf(content.toLowerCase())
    if (theirs.length < run && content.length > 2) ask(theirs.join(" "), theirs.length)
    theirs.forEach((word, start) => {
      if (isUnusual(word)) ask(word, 1)
      // most words of a long prompt begin nothing that the text says
      if (start + run <= theirs.length && phrases.has(`${word} ${theirs[start + 1]}`)) {
        ask(theirs.slice(start, start + run).join(" "), run)
      }
    })
  }
  let masked = ""
  let copied = 0
  found.forEach(({ 0: word, index: at }, index) => {
    if (!asked.has(index)) return
    if (!asked.has(index - 1)) masked += text.slice(copied, at) + hole
    copied = at + word.length
  })
  return masked + text.slice(copied)
}

/** Account ids that are this long are no part of a word by chance. */
const distinctive = 6

const patternOf = (account: string): RegExp => {
  const literal = account.replaceAll(/[^\w-]/g, "\\$&")
  // a percent-escape, or one of JSON, ends before a word begins
  return new RegExp(
    account.length < distinctive
      ? `(?:(?<![A-Za-z0-9])|(?<=%[0-9a-f]{2}|\\\\[bfnrt]))${literal}(?![A-Za-z0-9])`
      : literal,
    "gi"
  )
}

/** Masks the key and the accounts. */
export const withoutNames = (text: string, { accounts, apiKey }: Omit<Confidential, "body">): string =>
  accounts.reduce((rest, account) => rest.replace(patternOf(account), "[account]"), text.replaceAll(apiKey, hole))

/** An error without what must not come back; the same one where there is nothing of it. */
export const withoutSecrets = (error: ApiError, secrets: Confidential): ApiError => {
  const clean = (text: string): string => withoutEchoes(withoutNames(text, secrets), secrets.body?.())
  const detail = error.detail === undefined ? undefined : clean(error.detail)
  // half of a code or an id is of no use
  const whole = (text: string | undefined) => (text === undefined || clean(text) !== text ? undefined : text)
  const code = whole(error.code)
  const requestId = whole(error.requestId)
  return detail === error.detail && code === error.code && requestId === error.requestId
    ? error
    : altered(error, { detail, code, requestId })
}

/** The same error with some fields changed. */
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
