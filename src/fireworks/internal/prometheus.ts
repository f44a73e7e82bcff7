/**
 * The text format of Prometheus, as far as samples are concerned.
 *
 * The parser on npm, `parse-prometheus-text-format`, is CommonJS, brings a dependency to a folder that has none, has no bound,
 * and makes metrics without a value of lines that are broken. What is needed fits on a page: a line that can be read is a
 * sample, another is passed over, and the work is in proportion to the text.
 *
 * @since 0.1.0
 */

/** One line: a value, under a name and labels. */
export interface Sample {
  readonly name: string
  /** As they are written: what is looked for has no escapes in it. */
  readonly labels: ReadonlyMap<string, string>
  /** May be NaN or infinite. */
  readonly value: number
}

/** Lines that are longer are no metrics. */
const maxLine = 8192

/** The samples that are handed out at most. */
const maxSamples = 20_000

const head = /[ \t]*([A-Za-z_:][\w:]*)[ \t]*/y
const label = /[ \t]*([A-Za-z_]\w*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(,|(?=\}))/y
const end = /[ \t]*\}/y
// a time may follow the value, and an exemplar
const number = /[ \t]*([+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|inf|nan))(?=[ \t\r]|$)/iy

/** What follows a name in a line that need not be read. */
const other = /^(?:\{|[+-]?(?:[\d.]|inf\b|nan\b))/i

const valueOf = (text: string): number => {
  const word = text.toLowerCase()
  return word.endsWith("inf") ? (word.startsWith("-") ? -Infinity : Infinity) : Number(word)
}

const readLine = (line: string, wanted: ReadonlySet<string>): Sample | "other" | undefined => {
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(line)
    if (found === null) return undefined
    at = pattern.lastIndex
    return found
  }
  const name = take(head)?.[1]
  if (name === undefined) return undefined
  if (!wanted.has(name)) return other.test(line.slice(at)) ? "other" : undefined
  const labels = new Map<string, string>()
  if (line[at] === "{") {
    at++
    for (let pair = take(label); pair !== undefined; pair = take(label)) {
      const [, key = "", value = ""] = pair
      labels.set(key, value)
    }
    if (take(end) === undefined) return undefined
  }
  const value = take(number)?.[1]
  return value === undefined ? undefined : { name, labels, value: valueOf(value) }
}

/** What a text says of some names. */
export interface Exposition {
  readonly samples: ReadonlyArray<Sample>
  /** Whether any line of it was a sample, or there was no line: otherwise it is another kind of text. */
  readonly isMetrics: boolean
}

/** Reads the samples of some names. Never throws. */
export const parse = (text: string, wanted: ReadonlySet<string>): Exposition => {
  const samples: Array<Sample> = []
  let known = false
  let lines = 0
  for (let start = 0; start < text.length && samples.length < maxSamples;) {
    const next = text.indexOf("\n", start)
    const stop = next < 0 ? text.length : next
    const line = stop - start > maxLine ? "?" : text.slice(start, stop).trim()
    start = stop + 1
    if (line === "" || line.startsWith("#")) continue
    lines++
    const found = readLine(line, wanted)
    if (found === undefined) continue
    known = true
    if (found !== "other") samples.push(found)
  }
  return { samples, isMetrics: known || lines === 0 }
}
