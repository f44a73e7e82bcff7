/**
 * Draws charts of simulations as static SVG.
 *
 * Observable Plot draws them, on a document of linkedom. The page then needs no script, is the same in print, and takes its colours
 * from the style sheet, light or dark. uPlot is smaller, but draws on a canvas in the browser: without text that can be read aloud,
 * sharp print, or a second colour scheme. Vega-Lite and ECharts draw SVG on a server, too, but have two to four times the size.
 *
 * @since 0.2.0
 */
import * as Plot from "@observablehq/plot"
import { parseHTML } from "linkedom"
import type { Report } from "../../../testing/Simulator.js"
import { binned, formatSeconds, largest, refusedOf } from "./figures.js"
import type { Simulation } from "./model.js"

/** The style of a line: a variable of the style sheet, and dashes so that the line can be recognised without colours. */
export interface Stroke {
  readonly colour: string
  readonly width: number
  readonly dashes?: string | undefined
}

/** The lines of a chart over time. */
export interface Line {
  readonly name: string
  readonly stroke: Stroke
  /** True if the area below the line is filled. */
  readonly isFilled?: boolean
  readonly counts: (report: Report) => ReadonlyArray<number>
}

/** The lines, from the back to the front: successes lie on the admitted attempts. */
export const lines: ReadonlyArray<Line> = [
  {
    name: "offered load: attempts",
    stroke: { colour: "--offered", width: 1 },
    isFilled: true,
    counts: ({ series }) => series.sent
  },
  {
    name: "admitted attempts",
    stroke: { colour: "--admitted", width: 4 },
    counts: ({ series }) => series.admitted
  },
  {
    name: "refused or failed attempts",
    stroke: { colour: "--refused", width: 1.5, dashes: "5 2" },
    counts: ({ series }) => refusedOf(series)
  },
  {
    name: "oracle: calls that could succeed",
    stroke: { colour: "--ink", width: 1.25, dashes: "1.5 2.5" },
    counts: ({ series }) => series.oracle
  },
  {
    name: "succeeded calls",
    stroke: { colour: "--succeeded", width: 1.5 },
    counts: ({ series }) => series.succeeded
  }
]

const dashes: ReadonlyArray<string | undefined> = [undefined, "6 3", "2 3", "8 3 2 3"]
const policyColours = 4

/** Returns the style of a policy's line. */
export const strokeOf = (index: number): Stroke => ({
  colour: `--policy-${index % policyColours}`,
  width: 2,
  dashes: dashes[index % dashes.length]
})

/** The points of a line over time. */
const mostPoints = 120

/** The size of a chart. A page scales it by little, so that its text stays readable at each width. */
const size = { width: 360, height: 220, marginLeft: 38, marginRight: 14, marginTop: 26, marginBottom: 40 } as const

interface Text {
  /** A name that is unique in the page. */
  readonly id: string
  readonly title: string
  readonly description: string
}

type Document = ReturnType<typeof parseHTML>["document"]

const chart = ({ description, id, title }: Text, options: Plot.PlotOptions): string => {
  const document: Document = parseHTML("<!doctype html><html><body></body></html>").document
  const svg = Plot.plot({ ...size, document, className: "chart", ...options })
  const texts = [
    ["title", title],
    ["desc", description]
  ] as const
  for (const [tag, text] of texts.toReversed()) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag)
    element.textContent = text
    element.setAttribute("id", `${id}-${tag}`)
    svg.prepend(element)
  }
  svg.setAttribute("role", "img")
  svg.setAttribute("aria-labelledby", `${id}-title ${id}-desc`)
  // the page gives the size
  svg.removeAttribute("width")
  svg.removeAttribute("height")
  return svg.outerHTML
}

const lineOptions = ({ colour, dashes, width }: Stroke) => ({
  stroke: `var(${colour})`,
  strokeWidth: width,
  ...(dashes === undefined ? {} : { strokeDasharray: dashes })
})

/** The unit of an axis of time, by its length in seconds. */
const unitOf = (seconds: number): readonly [label: string, seconds: number] =>
  seconds <= 300 ? ["seconds", 1] : seconds <= 3 * 3600 ? ["minutes", 60] : ["hours", 3600]

/** Returns the upper end of the axis of counts, which is the same for all policies, so that their charts can be compared. */
const topOf = ({ policies }: Simulation): number => {
  const reports = Object.values(policies)
  const highest = (counts: (report: Report) => ReadonlyArray<number>): number =>
    largest(reports.flatMap((report) => binned(counts(report), mostPoints)))
  const good = largest([highest(({ series }) => series.succeeded), highest(({ series }) => series.oracle)], 1)
  // the load of a policy without limits would press the successes of all others flat
  return (
    Math.min(
      highest(({ series }) => series.sent),
      8 * good
    ) * 1.02
  )
}

/** Returns true if the load of a policy does not fit into its chart. */
export const isCut = (simulation: Simulation, { series }: Report): boolean =>
  largest(binned(series.sent, mostPoints)) > topOf(simulation)

/** Draws the load of a policy and its outcome over time. */
export const seriesChart = (simulation: Simulation, report: Report, text: Text): string => {
  const { seconds, troubles } = simulation
  const [label, unit] = unitOf(seconds)
  const end = seconds / unit
  const top = topOf(simulation)
  return chart(text, {
    x: { domain: [0, end], label },
    y: { domain: [0, top], clamp: true, label: "per second", grid: true, ticks: 5 },
    marks: [
      Plot.rect(troubles, {
        x1: ({ from }: { readonly from: number }) => from / unit,
        x2: ({ to }: { readonly to: number }) => Math.min(end, to / unit),
        y1: 0,
        y2: top,
        fill: "var(--trouble)"
      }),
      ...lines.flatMap(({ counts, isFilled, stroke }) => {
        const bins = binned(counts(report), mostPoints)
        const points = bins.map((count, bin) => [((bin + 0.5) * end) / bins.length, count] as const)
        return [
          ...(isFilled === true
            ? [Plot.areaY(points, { x: "0", y: "1", fill: `var(${stroke.colour})`, fillOpacity: 0.25 })]
            : []),
          Plot.lineY(points, { x: "0", y: "1", ...lineOptions(stroke) })
        ]
      }),
      Plot.ruleY([0], { stroke: "var(--faint)" })
    ]
  })
}

type Distribution = ReadonlyArray<readonly [millis: number, share: number]>

/** Round durations from 1 ms to 100 000 s: powers of ten, and three times those. */
const durations: ReadonlyArray<number> = Array.from({ length: 9 }, (_, power) =>
  [1, 3].map((by) => by * 10 ** power)
).flat()

/** Formats a round duration. */
export const durationText = (millis: number): string => (millis < 1000 ? `${millis} ms` : `${millis / 1000} s`)

/** Returns the share of the calls of a class that had succeeded by each duration; calls in progress at the end are left out. */
export const distributionOf = (report: Report, name: string): Distribution => {
  const found = report.classes[name]
  const ended = (found?.succeeded ?? 0) + (found?.failed ?? 0)
  let count = 0
  return (found?.latencies ?? []).map((interval) => {
    count += interval.count
    return [interval.upTo, ended > 0 ? count / ended : 0]
  })
}

const domainOf = (all: ReadonlyArray<Distribution>): readonly [from: number, to: number] => {
  const bounds = all.flatMap((points) => points.map(([millis]) => millis))
  const most = largest(bounds, 10)
  return [bounds.reduce((min, millis) => Math.min(min, millis), most) / 1.5, most * 1.5]
}

/** Returns the round durations within some distributions. */
export const durationsOf = (all: ReadonlyArray<Distribution>): ReadonlyArray<number> => {
  const [from, to] = domainOf(all)
  return durations.filter((millis) => millis >= from && millis <= to)
}

/** Draws the distribution of the durations of a class of calls, with one line for each policy. */
export const latencyChart = ({ policies }: Simulation, name: string, text: Text): string => {
  const all = Object.values(policies).map((report) => distributionOf(report, name))
  const domain = domainOf(all)
  const ticks = durationsOf(all)
  // there is room for the names of about five
  const shown = ticks.length <= 5 ? ticks : ticks.filter((millis) => Number.isInteger(Math.log10(millis)))
  return chart(text, {
    x: {
      type: "log",
      domain,
      label: "duration of the call",
      ticks: shown,
      tickFormat: durationText
    },
    y: { domain: [0, 100], label: "% of calls that had succeeded", grid: true, ticks: 5 },
    marks: [
      Plot.ruleY([0], { stroke: "var(--faint)" }),
      ...all.map((points, index) =>
        Plot.line(
          // from nothing, and on to the end: the rest of the calls failed
          [[domain[0], 0] as const, ...points, [domain[1], points.at(-1)?.[1] ?? 0] as const].map(
            ([millis, share]) => [millis, share * 100] as const
          ),
          { ...lineOptions(strokeOf(index)), curve: "step-after" }
        )
      )
    ]
  })
}

/** Describes where the troubles are in a chart over time. */
export const shadedText = ({ troubles }: Simulation): string =>
  troubles.length === 0
    ? ""
    : ` Shaded: the server is in trouble from ${troubles.map(({ from, to }) => `${formatSeconds(from)} to ${formatSeconds(to)}`).join(", ")}.`
