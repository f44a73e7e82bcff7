import { formatMillis, type Paint, paintOf, plain, plural } from "../format.js"
import { describeEnd, formatArrivals, place, scaleOf, verdict, type Verdict, widthOf } from "./timeline.js"
import type { Event, Line, Report, Run, Segment, Summary, Totals, WorkloadName } from "./model.js"

const [red, green, yellow, dim, bold, blue] = [31, 32, 33, 2, 1, 34]
const width = 22
/** The width of a line without the timeline. */
const otherWidth = 67

/** The width of a timeline in a terminal: enough for the attempts of a call with patience, even if the line is then too long. */
const fitting = (columns: number): number => Math.min(width, Math.max(13, columns - otherWidth))

/** Options for drawing timelines. */
export interface BarOptions {
  readonly paint?: Paint | undefined
  readonly cells?: number | undefined
  /** The time that fills all cells. @default the length of the timeline */
  readonly scale?: number | undefined
  /** True if failed attempts are red: they are part of an outcome that is not expected. @default false */
  readonly bad?: boolean | undefined
}

/** Draws a timeline: attempts that end with ✗ or ✓, and the waits between them. */
export const bar = (
  segments: ReadonlyArray<Segment>,
  { bad = false, cells = width, paint = plain, scale = segments.at(-1)?.to ?? 0 }: BarOptions = {}
): string => {
  const glyphs = ({ failed, kind }: Segment, count: number): string => {
    if (kind === "wait") return paint(dim, "·".repeat(count))
    const body = (kind === "stream" ? "≈" : "━").repeat(count - 1)
    return failed ? paint(bad ? red : yellow, `${body}✗`) : paint(kind === "stream" ? blue : green, `${body}✓`)
  }
  const counts = place(segments, Math.round(widthOf(segments, scale, cells, 1)), 1).map(({ end, segment, start }) => ({
    segment,
    count: Math.max(1, Math.round(end) - Math.round(start))
  }))
  const used = counts.reduce((sum, { count }) => sum + count, 0)
  return counts.map(({ count, segment }) => glyphs(segment, count)).join("") + " ".repeat(Math.max(0, cells - used))
}

const colours: { readonly [V in Verdict]: number } = { good: green, doubtful: yellow, bad: red, expected: 0 }

/** Options for drawing lines. */
export interface Look {
  readonly paint?: Paint | undefined
  readonly columns?: number | undefined
}

const row = (name: string, run: Run, line: Line, { columns = Infinity, paint = plain }: Look): string => {
  const judged = verdict(run, line)
  const end = paint(colours[judged], describeEnd(run, line).padEnd(31))
  const arrivals = formatArrivals(run.arrived).padEnd(9)
  const timeline = bar(run.segments, { paint, cells: fitting(columns), scale: scaleOf(line), bad: judged === "bad" })
  return `  ${name.padEnd(15)} ${timeline} ${end} ${arrivals} ${formatMillis(run.millis).padStart(6)}`
}

const lineText = (line: Line, look: Look): ReadonlyArray<string> => [
  row(line.workload, line.ours, line, look),
  ...(line.theirs === undefined ? [] : [row("  openai", line.theirs, line, look)]),
  ...(line.met ? [] : [`  ${(look.paint ?? plain)(red, `NOT AS EXPECTED: the expected outcome is ${line.expected}`)}`])
]

/** Formats lines, with a heading before the first line of each fault. */
export const linesText = (lines: ReadonlyArray<Line>, look: Look = {}): ReadonlyArray<string> => {
  let fault: string | undefined
  return lines.flatMap((line) => {
    const head = line.fault === fault ? [] : ["", `${(look.paint ?? plain)(bold, line.fault)}: ${line.rule}`]
    fault = line.fault
    return [...head, ...lineText(line, look)]
  })
}

/** Formats what is printed before the first call. */
export const headText = (calls: number, scale: number, server: string, openai: boolean): ReadonlyArray<string> => [
  `The lab makes ${plural(calls, "call")} against ${server}${openai ? ", and the same calls through the openai package" : ""}.`,
  ...(scale === 1
    ? []
    : [
        `All times are divided by ${scale}: 0.6 s stand for a minute.${openai ? " Only the backoff of the openai package (0.5 to 8 s) is not divided." : ""}`
      ])
]

const legendText: ReadonlyArray<string> = [
  "  ━✗ a failed attempt   ━✓ a successful attempt   · a wait   ≈ a stream after its first event",
  "  Then: the outcome and the delivery, the status of each request that arrived, and the duration.",
  "  The timelines of one call have the same time scale."
]

/** Formats a table with one row for each fault, and the calls, requests and duplicates of each client. */
export const matrixText = ({ matrix, ours, theirs }: Summary, paint: Paint = plain): ReadonlyArray<string> => {
  const figures = ({ calls, duplicates, requests, succeeded, truncated }: Totals): ReadonlyArray<string> => [
    `${succeeded}/${calls}${truncated === 0 ? "" : ` +${truncated} half`}`,
    String(requests),
    String(duplicates)
  ]
  const cells = (totals: Totals | undefined): ReadonlyArray<string> => (totals === undefined ? [] : figures(totals))
  const titles = ["succeeded", "requests", "duplicates"]
  const head = ["fault", "must succeed", ...titles, ...(theirs === undefined ? [] : titles)]
  const rows = [
    ...matrix.map((one) => [one.fault, String(one.mustSucceed), ...cells(one.ours), ...cells(one.theirs)]),
    ["all", String(matrix.reduce((sum, { mustSucceed }) => sum + mustSucceed, 0)), ...cells(ours), ...cells(theirs)]
  ]
  const widths = head.map((title, index) => Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)))
  const text = (row: ReadonlyArray<string>): string =>
    `  ${row.map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0))).join("  ")}`
  const indent = " ".repeat(2 + (widths[0] ?? 0) + 2 + (widths[1] ?? 0) + 2)
  const span = (widths[2] ?? 0) + (widths[3] ?? 0) + (widths[4] ?? 0) + 4
  return [
    "",
    ...(theirs === undefined ? [] : [`${indent}${"effect-reliability".padEnd(span)}  openai package`]),
    paint(bold, text(head)),
    ...rows.map((row, index) => (matrix[index]?.met === false ? paint(red, text(row)) : text(row))),
    "",
    "  Must succeed: the calls that a correct client completes. Half: a response without its end that was returned as a success.",
    "  Duplicates: batch submissions that may have been executed more than once."
  ]
}

/** Formats the dashboard law: its numbers, and the explanation. */
export const lawText = ({ arrived, counted, holds }: NonNullable<Summary["law"]>): ReadonlyArray<string> => {
  const { acknowledged, notSent, partial, unconfirmed } = counted
  return [
    `The client counted ${acknowledged} acknowledged, ${partial} partial, ${unconfirmed} unconfirmed and ${notSent} attempts that were not sent; ${plural(arrived, "request")} arrived.`,
    `The dashboard law: a server sees every acknowledged or partial attempt, perhaps the unconfirmed ones, and none that was not sent: here ${acknowledged + partial} to ${acknowledged + partial + unconfirmed} requests. It ${holds ? "holds" : "DOES NOT HOLD"} for each call.`
  ]
}

/** Formats the end of a report. */
export const summaryText = (
  { calls, law, mustFail, theirs, unmet }: Summary,
  report: Report,
  paint: Paint = plain
): ReadonlyArray<string> => {
  const again = report.lines.filter((line) => line.again).length
  const unsent = report.scale === 1 && calls > 0 && report.lines.every(({ ours }) => ours.delivery === "NotSent")
  return [
    "",
    paint(bold, "Summary"),
    ...(mustFail === 0
      ? []
      : [`  ${plural(mustFail, "call")} must fail: a retry cannot help, or would be a duplicate.`]),
    ...(theirs === undefined && report.scale !== 1
      ? ["  The openai package is not installed. Run `npm install openai` to compare it."]
      : []),
    ...(law === undefined ? [] : lawText(law).map((text) => `  ${law.holds ? text : paint(red, text)}`)),
    ...(again === 0 ? [] : [`  ${plural(again, "call")} missed the expected outcome at first and ran again alone.`]),
    ...(unsent
      ? [
          "  Nothing could be sent, so the other calls were left out. To find the cause, run:",
          `  npx effect-reliability doctor --url ${report.server}`
        ]
      : []),
    "",
    unmet === 0 && law?.holds !== false
      ? paint(green, `All ${plural(calls, "outcome")} are as expected (${formatMillis(report.millis)}).`)
      : paint(
          red,
          `${unmet} of ${plural(calls, "outcome")} ${unmet === 1 ? "is" : "are"} not as expected (${formatMillis(report.millis)}).`
        )
  ]
}

/** Formats a report without its head: the matrix first, then each call. */
export const bodyText = (report: Report, summary: Summary, look: Look): ReadonlyArray<string> => [
  ...(report.scale === 1 ? [] : matrixText(summary, look.paint)),
  "",
  ...legendText,
  ...linesText(report.lines, look),
  ...summaryText(summary, report, look.paint)
]

export const reportText = (report: Report, summary: Summary, colour: boolean): string =>
  [
    ...headText(summary.calls, report.scale, report.server, summary.theirs !== undefined),
    ...bodyText(report, summary, { paint: paintOf(colour) }),
    ""
  ].join("\n")

// -------------------------------------------------------------------------------------------------
// While it runs
// -------------------------------------------------------------------------------------------------

export interface Running {
  readonly fault: string
  readonly workload: WorkloadName
  readonly since: number
  readonly segments: ReadonlyArray<Segment>
}

/** The progress of a lab that is running. */
export interface Board {
  readonly calls: number
  readonly ended: number
  readonly running: ReadonlyArray<Running>
}

export const emptyBoard: Board = { calls: 0, ended: 0, running: [] }

export const boardAfter = (board: Board, event: Event, now: number): Board => {
  switch (event._tag) {
    case "Planned":
      return { ...board, calls: event.calls }
    case "Began": {
      const { fault, workload } = event
      return { ...board, running: [...board.running, { fault, workload, since: now, segments: [] }] }
    }
    case "Progressed": {
      const { fault, segments, workload } = event
      const running = board.running.map((one) =>
        one.fault === fault && one.workload === workload ? { ...one, segments } : one
      )
      return { ...board, running }
    }
    case "Ended": {
      const { fault, workload } = event
      const running = board.running.filter((one) => one.fault !== fault || one.workload !== workload)
      return { ...board, ended: board.ended + 1, running }
    }
  }
}

/** Formats the progress. No line is wider than the terminal, because a line that wraps cannot be erased. */
export const boardText = (board: Board, now: number, columns: number, paint: Paint = plain): ReadonlyArray<string> => {
  const shown = board.running.slice(0, 10)
  const hidden = board.running.length - shown.length
  const room = Math.max(0, columns - 1 - 2 - 16 - 1 - width - 2 - 8 - 2)
  return [
    "",
    `${Math.min(board.ended, board.calls)} of ${plural(board.calls, "call")} ended${hidden > 0 ? `; ${hidden} more are running` : ""}`.slice(
      0,
      columns - 1
    ),
    ...shown.map(({ fault, segments, since, workload }) => {
      const millis = now - since
      const last = segments.at(-1)
      // after a failed attempt the call is waiting, else an attempt is running
      const open: Segment = {
        kind: last?.failed === true ? "wait" : "attempt",
        from: last?.to ?? 0,
        to: millis,
        failed: false,
        label: ""
      }
      const drawn = bar([...segments, open], {
        paint: (code, text) =>
          text.endsWith("✓") && open.kind === "attempt" ? paint(code, text.replace("✓", "━")) : paint(code, text)
      })
      return columns < 60
        ? `  ${workload}`.slice(0, columns - 1)
        : `  ${workload.padEnd(16)} ${drawn}  ${formatMillis(millis).padStart(8)}  ${paint(dim, fault.slice(0, room))}`
    })
  ]
}
