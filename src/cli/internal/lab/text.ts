import { arrivals, ending, place, plural, said, type Verdict, verdict } from "./timeline.js"
import type { Event, Line, Report, Run, Segment, Summary, WorkloadName } from "./model.js"

type Paint = (code: number, text: string) => string

const painted: Paint = (code, text) => `\u001b[${code}m${text}\u001b[0m`
const plain: Paint = (_, text) => text

export const paintOf = (colour: boolean): Paint => (colour ? painted : plain)

const [red, green, yellow, dim, bold, blue] = [31, 32, 33, 2, 1, 34]
const width = 22
/** What a line has besides the timeline. */
const others = 67

/** The width of a timeline where a line is to fit, though no less than patience needs. */
const fitting = (columns: number): number => Math.min(width, Math.max(13, columns - others))

const glyphs = (paint: Paint, { failed, kind }: Segment, cells: number): string => {
  if (kind === "wait") return paint(dim, "·".repeat(cells))
  const body = (kind === "stream" ? "≈" : "━").repeat(cells - 1)
  return failed ? paint(red, `${body}✗`) : paint(kind === "stream" ? blue : green, `${body}✓`)
}

/** A call's time: attempts that end with ✗ or ✓, waits between them. */
export const bar = (segments: ReadonlyArray<Segment>, paint: Paint = plain, cells = width): string => {
  const placed = place(segments, cells, 1)
  const shown = placed.map(({ end, segment, start }) =>
    glyphs(paint, segment, Math.max(1, Math.round(end) - Math.round(start)))
  )
  return shown.join("") + " ".repeat(placed.length === 0 ? cells : 0)
}

const colours: { readonly [V in Verdict]: number } = { good: green, doubtful: yellow, bad: red, due: 0 }

const row = (name: string, run: Run, line: Line, { columns = Infinity, paint = plain }: Look): string => {
  const words = paint(colours[verdict(run, line)], ending(run, line).padEnd(31))
  const saw = arrivals(run.arrived).padEnd(9)
  return `  ${name.padEnd(15)} ${bar(run.segments, paint, fitting(columns))} ${words} ${saw} ${said(run.millis).padStart(6)}`
}

/** How lines look. */
export interface Look {
  readonly paint?: Paint | undefined
  readonly columns?: number | undefined
}

/** The lines of one call. */
const lineText = (line: Line, look: Look): ReadonlyArray<string> => [
  row(line.workload, line.ours, line, look),
  ...(line.theirs === undefined ? [] : [row("  openai", line.theirs, line, look)]),
  ...(line.met ? [] : [`  ${(look.paint ?? plain)(red, `NOT AS EXPECTED: it must be ${line.expected}`)}`])
]

/** The lines of calls that follow each other; a fault is named before the first of them. */
export const linesText = (
  lines: ReadonlyArray<Line>,
  before: string | undefined,
  look: Look = {}
): ReadonlyArray<string> => {
  let fault = before
  return lines.flatMap((line) => {
    const head = line.fault === fault ? [] : ["", `${(look.paint ?? plain)(bold, line.fault)}: ${line.rule}`]
    fault = line.fault
    return [...head, ...lineText(line, look)]
  })
}

/** What is said before the first call. */
export const headText = (calls: number, scale: number, server: string, openai: boolean): ReadonlyArray<string> => [
  `The lab makes ${plural(calls, "call")} against ${server}${openai ? ", each once more by the openai package" : ""}.`,
  ...(scale === 1
    ? []
    : [
        `Times are divided by ${scale}: 0.6 s here are a minute.${openai ? " The backoff of the openai package (0.5 to 8 s) cannot be." : ""}`
      ]),
  "",
  "  ━✗ an attempt that failed   ━✓ one that succeeded   · a wait   ≈ a stream after its first event",
  "  Then: how it ended, and whether the request arrived; what the server answered; how long it took."
]

/** What it all comes to. */
export const summaryText = (
  { calls, hopeless, law, ours, theirs, unmet }: Summary,
  report: Report,
  paint: Paint = plain
): ReadonlyArray<string> => {
  const side = (name: string, { halved, repeated, requests, succeeded }: Summary["ours"]): ReadonlyArray<string> => {
    const arrived = report.scale === 1 ? "" : `, ${plural(requests, "request")} arrived`
    const harm = [
      ...(halved === 0 ? [] : [`${plural(halved, "half answer")} passed for whole`]),
      ...(repeated === 0 ? [] : [`${plural(repeated, "batch submission")} may have run twice`])
    ]
    return [
      `  ${name.padEnd(18)} ${succeeded} of ${plural(calls, "call")} succeeded${arrived}`,
      ...(harm.length === 0 ? [] : [`  ${" ".repeat(18)} ${harm.join(", ")}`])
    ]
  }
  const again = report.lines.filter((line) => line.again).length
  const unsent = report.scale === 1 && calls > 0 && report.lines.every(({ ours }) => ours.delivery === "NotSent")
  return [
    "",
    paint(bold, "In all"),
    ...(hopeless === 0 ? [] : [`  ${plural(hopeless, "call")} must fail, the sooner the better.`]),
    ...side("effect-reliability", ours),
    ...(theirs === undefined
      ? report.scale === 1
        ? []
        : ["  The openai package is not installed: `npm install openai` shows it beside."]
      : side(`openai ${report.openai ?? ""}`.trim(), theirs)),
    ...(law === undefined
      ? []
      : [
          `  The attempts by delivery: ${law.counted.acknowledged} acknowledged, ${law.counted.partial} partial, ${law.counted.unconfirmed} unconfirmed, ${law.counted.notSent} not sent.`,
          `  The servers saw ${law.arrived} requests, which ${law.holds ? "lies" : paint(red, "does NOT lie")} between ${law.counted.acknowledged + law.counted.partial} and ${law.counted.acknowledged + law.counted.partial + law.counted.unconfirmed}, call by call too.`
        ]),
    ...(again === 0 ? [] : [`  ${plural(again, "call")} took a second look, alone.`]),
    ...(unsent
      ? [
          "  Nothing could be sent, so no further call was made. Why that is, and what to do, tells:",
          `  npx effect-reliability doctor --url ${report.server}`
        ]
      : []),
    "",
    unmet === 0 && law?.holds !== false
      ? paint(green, `All ${plural(calls, "outcome")} are as expected (${said(report.millis)}).`)
      : paint(
          red,
          `${unmet} of ${plural(calls, "outcome")} ${unmet === 1 ? "is" : "are"} not as expected (${said(report.millis)}).`
        )
  ]
}

export const reportText = (report: Report, summary: Summary, colour: boolean): string => {
  const paint = paintOf(colour)
  return [
    ...headText(summary.calls, report.scale, report.server, summary.theirs !== undefined),
    ...linesText(report.lines, undefined, { paint }),
    ...summaryText(summary, report, paint),
    ""
  ].join("\n")
}

// -------------------------------------------------------------------------------------------------
// While it runs
// -------------------------------------------------------------------------------------------------

export interface Running {
  readonly fault: string
  readonly workload: WorkloadName
  readonly since: number
  readonly segments: ReadonlyArray<Segment>
}

/** What is known of a lab that has not ended. */
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
    case "Went": {
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
    case "Seen":
      return board
  }
}

/** A picture of what goes on, not wider than the terminal: a line that wraps could not be taken back. */
export const boardText = (board: Board, now: number, columns: number, paint: Paint = plain): ReadonlyArray<string> => {
  const shown = board.running.slice(0, 10)
  const hidden = board.running.length - shown.length
  const room = Math.max(0, columns - 1 - 2 - 16 - 1 - width - 2 - 8 - 2)
  return [
    "",
    `${Math.min(board.ended, board.calls)} of ${board.calls} calls${hidden > 0 ? `, and ${hidden} more than these going on` : ""}`.slice(
      0,
      columns - 1
    ),
    ...shown.map(({ fault, segments, since, workload }) => {
      const millis = now - since
      const last = segments.at(-1)
      // what has not ended looks like a wait after a failed attempt, else like an attempt
      const open: Segment = {
        kind: last?.failed === true ? "wait" : "attempt",
        from: last?.to ?? 0,
        to: millis,
        failed: false,
        label: ""
      }
      const drawn = bar([...segments, open], (code, text) =>
        text.endsWith("✓") && open.kind === "attempt" ? paint(code, text.replace("✓", "━")) : paint(code, text)
      )
      return columns < 60
        ? `  ${workload}`.slice(0, columns - 1)
        : `  ${workload.padEnd(16)} ${drawn}  ${said(millis).padStart(8)}  ${paint(dim, fault.slice(0, room))}`
    })
  ]
}
