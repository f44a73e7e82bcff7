/**
 * A parser for the samples of the Prometheus text format.
 *
 * The npm package `parse-prometheus-text-format` is not used: it is CommonJS, has no size limits, returns metrics without a
 * value for malformed lines, and would be the only dependency of this folder. This parser skips malformed lines, and takes time
 * proportional to the length of the text.
 *
 * @since 0.1.0
 */

/** One sample line: a name, labels and a value. */
export interface Sample {
  readonly name: string
  /** The labels, with escapes not decoded: the labels that we read contain none. */
  readonly labels: ReadonlyMap<string, string>
  /** The value, which may be NaN or infinite. */
  readonly value: number
}

/** The maximum length of a line. Longer lines are malformed. */
const maxLine = 8192

/** The maximum number of samples to return. */
const maxSamples = 20_000

const head = /[ \t]*([A-Za-z_:][\w:]*)[ \t]*/y
const label = /[ \t]*([A-Za-z_]\w*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(,|(?=\}))/y
const end = /[ \t]*\}/y
// a time may follow the value, and an exemplar
const number = /[ \t]*([+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|inf|nan))(?=[ \t\r]|$)/iy

/** Matches the text after the name in a sample that is not wanted. */
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

/** The wanted samples of a text. */
export interface Exposition {
  readonly samples: ReadonlyArray<Sample>
  /** True if at least one line is a sample, or the text has only comments and empty lines. */
  readonly isMetrics: boolean
}

/** Reads the samples with the wanted names. Never throws. */
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
