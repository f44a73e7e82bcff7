/**
 * Formats a simulation for terminals.
 *
 * @since 0.2.0
 */
import type { Series } from "../../../testing/Simulator.js"
import { type Paint, plain } from "../format.js"
import { binned, glossaryOf, largest, outlineOf, type Row, rowsOf } from "./figures.js"
import type { Simulation } from "./model.js"

const [green, yellow, dim, bold] = [32, 33, 2, 1]
const levels = [..."▁▂▃▄▅▆▇█"]

/** Options for terminals. */
export interface View {
  readonly paint?: Paint | undefined
  /** The columns of the terminal. @default 80 */
  readonly columns?: number | undefined
}

/** Draws counts in at most `cells` characters. The lowest one stands for almost nothing, the highest one for `max`. */
export const sparkline = (counts: ReadonlyArray<number>, cells: number, max: number): string =>
  binned(counts, cells)
    .map((value) => levels[Math.min(levels.length - 1, max > 0 ? Math.round((value / max) * (levels.length - 1)) : 0)])
    .join("")

/** Shortens a text to a number of characters. */
const shortened = (text: string, most: number): string => {
  const chars = [...text]
  return chars.length <= most ? text : `${chars.slice(0, Math.max(0, most - 1)).join("")}…`
}

/** Breaks a text into lines. */
const wrapped = (text: string, columns: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const word of text.split(" ")) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

const tableText = (names: ReadonlyArray<string>, rows: ReadonlyArray<Row>, paint: Paint): ReadonlyArray<string> => {
  const indented = rows.map(({ isPart, label }) => `${isPart ? "  " : ""}${label}`)
  const first = largest(indented.map((label) => label.length))
  const widths = names.map((name, index) =>
    largest(
      rows.map(({ values }) => values[index]?.length ?? 0),
      name.length
    )
  )
  const line = (label: string, values: ReadonlyArray<string>): string =>
    `  ${label.padEnd(first)}${values.map((value, index) => `  ${value.padStart(widths[index] ?? 0)}`).join("")}`
  return [
    paint(bold, line("", names)),
    ...rows.map(({ isPart, values }, index) => {
      const text = line(indented[index] ?? "", values)
      return isPart ? paint(dim, text) : text
    })
  ]
}

/** Draws the successes of each policy beside its load. */
const sparklinesText = (
  { policies, seconds, troubles }: Simulation,
  columns: number,
  paint: Paint
): ReadonlyArray<string> => {
  const all = Object.entries(policies)
  const oracle = all[0]?.[1].series.oracle ?? []
  const names = [...all.map(([name]) => name), ...(oracle.length > 0 ? ["oracle"] : [])]
  const room = largest(
    names.map((name) => name.length),
    "trouble".length
  )
  const wide = Math.max(10, Math.floor((columns - 2 - room - 4) / 2))
  const cells = Math.min(60, wide, all[0]?.[1].series.sent.length ?? 0)
  const lines = all.map(([name, { series }]) => ({ name, series }))
  // averages of cells: a single second may be higher
  const maxOf = (counts: (series: Series) => ReadonlyArray<number>): number =>
    largest(lines.flatMap(({ series }) => binned(counts(series), cells)))
  const good = largest(
    binned(oracle, cells),
    maxOf(({ succeeded }) => succeeded)
  )
  const load = maxOf(({ sent }) => sent)
  const titles = [`succeeded/s, up to ${Math.round(good)}`, `attempts/s, up to ${Math.round(load)}`] as const
  const column = Math.min(wide, Math.max(cells, titles[0].length))
  const gap = " ".repeat(column - cells + 2)
  const line = (name: string, left: string, right: string): string =>
    `  ${name.padEnd(room)}  ${left}${right === "" ? "" : gap + right}`
  const each = seconds / cells
  const isIn = (cell: number): boolean => {
    return troubles.some(({ from, to }) => from < (cell + 1) * each && to > cell * each)
  }
  const marks = Array.from({ length: cells }, (_, cell) => (isIn(cell) ? "━" : " ")).join("")
  return [
    paint(
      bold,
      `  ${" ".repeat(room)}  ${shortened(titles[0], column).padEnd(column)}  ${shortened(titles[1], column)}`
    ),
    ...lines.map(({ name, series }) =>
      line(
        name,
        paint(green, sparkline(series.succeeded, cells, good)),
        paint(yellow, sparkline(series.sent, cells, load))
      )
    ),
    ...(oracle.length > 0 ? [paint(dim, line("oracle", sparkline(oracle, cells, good), ""))] : []),
    ...(troubles.length > 0 ? [paint(dim, line("trouble", marks, marks).trimEnd())] : []),
    paint(dim, line("", `one character: ${Number(each.toPrecision(2))} s`, ""))
  ]
}

/** Formats a simulation: the figures of all policies, and sparklines of goodput and load. */
export const terminalReport = (simulation: Simulation, { columns = 80, paint = plain }: View = {}): string => {
  const { description, policies, scenario } = simulation
  return [
    ...wrapped(`${scenario}: ${description}`, columns).map((text) => paint(bold, text)),
    outlineOf(simulation),
    "",
    ...tableText(Object.keys(policies), rowsOf(simulation), paint),
    "",
    ...sparklinesText(simulation, columns, paint),
    "",
    ...glossaryOf(simulation)
      .flatMap(([term, text]) => wrapped(`${term}: ${text}`, columns - 2))
      .map((text) => paint(dim, `  ${text}`)),
    ""
  ].join("\n")
}

/** Formats the progress of a simulation in one line that is narrower than the terminal. */
export const progressText = (policy: string, share: number, columns: number): string => {
  const cells = 24
  const full = Math.round(share * cells)
  const text = `simulating ${"█".repeat(full)}${"░".repeat(cells - full)} ${Math.floor(share * 100)} % ${policy}`
  return shortened(text, columns - 1)
}
