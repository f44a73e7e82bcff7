/**
 * Formats texts for terminals and pages.
 *
 * @since 0.2.0
 */

/** Formats a text with an ANSI code. */
export type Paint = (code: number, text: string) => string

const painted: Paint = (code, text) => `\u001b[${code}m${text}\u001b[0m`

export const plain: Paint = (_, text) => text

export const paintOf = (colour: boolean): Paint => (colour ? painted : plain)

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

/** Escapes a text for HTML, inside and outside of quotes. */
export const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (char) => entities[char] ?? "")

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`

/** Formats a time: `7 ms`, `0.34 s`, `12.1 s`. */
export const formatMillis = (millis: number): string => {
  if (millis < 100) return `${Math.round(millis)} ms`
  return `${(millis / 1000).toFixed(millis < 10_000 ? 2 : 1)} s`
}
