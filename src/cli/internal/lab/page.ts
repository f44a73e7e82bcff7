import { escape, formatMillis, plural } from "../format.js"
import { lawText } from "./text.js"
import { describeEnd, formatArrivals, place, scaleOf, verdict, widthOf } from "./timeline.js"
import type { Line, Report, Run, Segment, Summary, Totals } from "./model.js"

const style = `
:root { color-scheme: light dark; --paper: #fbfaf7; --card: #fff; --ink: #1d2329; --faint: #5d6770; --line: #dedbd3;
  --good: #1a7f4b; --bad: #c2362b; --wait: #b9b4a8; --stream: #2f6fb5; --warn: #8a5a00 }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181c; --card: #1c2126; --ink: #e6e9ec; --faint: #98a3ad; --line: #333b43;
    --good: #4cc38a; --bad: #ff7a6b; --wait: #58616a; --stream: #6cb0f5; --warn: #e5b454 }
}
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 76rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.2 }
h2 { margin: 0; font-size: 1.05rem }
p { margin: .35rem 0; max-width: 46rem }
.faint, .rule, .millis, dt { color: var(--faint) }
.sums { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: .75rem; margin: 1.25rem 0 }
section, .sums > div { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem }
section { margin: .75rem 0 }
.sums strong { display: block; font-size: 1.5rem; line-height: 1.3; font-variant-numeric: tabular-nums }
.legend { display: flex; flex-wrap: wrap; gap: .35rem 1.25rem; margin: 1rem 0; padding: 0; list-style: none; font-size: .9rem }
.legend svg { width: 2.5rem; height: .9rem; margin-right: .45rem; vertical-align: -2px }
.rule { margin: 0 0 .25rem; font-size: .9rem }
.call { display: grid; grid-template-columns: 9rem 1fr 1fr; gap: .15rem 1.5rem; padding: .5rem 0; border-top: 1px solid var(--line) }
.call h3 { margin: 0; font-size: .9rem; font-weight: 600; overflow-wrap: anywhere }
.call.alone { grid-template-columns: 9rem 1fr }
.way { min-width: 0 }
.who { font-size: .75rem; color: var(--faint) }
.bar { display: block; width: 100%; height: 16px; margin: .15rem 0 }
.end { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 .75rem; font-size: .85rem; font-variant-numeric: tabular-nums }
.end b { font-weight: 600 }
.good b { color: var(--good) } .bad b { color: var(--bad) } .doubtful b { color: var(--warn) }
.unmet { grid-column: 1 / -1; color: var(--bad); font-weight: 600 }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .6rem; text-align: right; border-top: 1px solid var(--line) }
th { font-weight: 600; border-top: 0 }
th:first-child, td:first-child { text-align: left }
td.warn { color: var(--warn); font-weight: 600 }
.table { overflow-x: auto }
.g { fill: var(--good) } .b { fill: var(--bad) } .f { fill: var(--warn) } .w { fill: var(--wait) } .s { fill: var(--stream) }
@media (min-width: 44rem) { .call + .call .who { display: none } }
@media (max-width: 44rem) {
  .call, .call.alone { grid-template-columns: 1fr }
  .way + .way { margin-top: .25rem }
}
`

/** The class of a segment: a failed attempt is red only if the outcome of the call is not the expected one. */
const classOf = ({ failed, kind }: Segment, bad: boolean): string =>
  kind === "wait" ? "w" : failed ? (bad ? "b" : "f") : kind === "stream" ? "s" : "g"

// a wait is a thin line; a failed attempt ends in a notch, which can be seen without colours
const shape = (segment: Segment, start: number, end: number, bad: boolean): string => {
  const at = (x: number): string => x.toFixed(1)
  const width = Math.max(0.5, end - start - 1)
  const name = classOf(segment, bad)
  if (segment.kind === "wait") return `<rect class="${name}" x="${at(start)}" y="7" width="${at(width)}" height="2" />`
  if (!segment.failed) return `<rect class="${name}" x="${at(start)}" y="2" width="${at(width)}" height="12" rx="1" />`
  const tip = start + width
  const back = Math.max(start, tip - 4)
  return `<path class="${name}" d="M${at(start)} 2H${at(tip)}L${at(back)} 8L${at(tip)} 14H${at(start)}Z" />`
}

const kinds: { readonly [K in Segment["kind"]]: string } = { attempt: "Attempt", wait: "Wait", stream: "Stream" }

const fullWidth = 400
const leastWidth = 7

/** Draws the timeline of a run, with a title for each segment. */
const picture = (run: Run, line: Line): string => {
  const bad = verdict(run, line) === "bad"
  const width = widthOf(run.segments, scaleOf(line), fullWidth, leastWidth)
  const parts = place(run.segments, width, leastWidth).map(({ end, segment, start }) => {
    const { from, kind, label, to } = segment
    const title = `${kinds[kind]}: ${label}; ${formatMillis(to - from)}, starting at ${formatMillis(from)}`
    return `<g><title>${escape(title)}</title>${shape(segment, start, end, bad)}</g>`
  })
  const attempts = run.segments.filter(({ kind }) => kind === "attempt").length
  const label = `${plural(attempts, "attempt")} in ${formatMillis(run.millis)}: ${run.outcome}`
  return `<svg class="bar" viewBox="0 0 ${fullWidth} 16" preserveAspectRatio="none" role="img" aria-label="${escape(label)}">${parts.join("")}</svg>`
}

const way = (client: string, run: Run, line: Line): string => {
  const arrivals = run.arrived === undefined ? "" : `, server: ${formatArrivals(run.arrived)}`
  return `<div class="way ${verdict(run, line)}"><div class="who">${escape(client)}</div>${picture(run, line)}<div class="end"><b>${escape(describeEnd(run, line))}</b><span class="millis">${escape(formatMillis(run.millis) + arrivals)}</span></div></div>`
}

const call = (line: Line): string =>
  [
    `<div class="call${line.theirs === undefined ? " alone" : ""}"><h3>${escape(line.workload)}</h3>`,
    way("effect-reliability", line.ours, line),
    line.theirs === undefined ? "" : way("openai package", line.theirs, line),
    line.met ? "" : `<div class="unmet">Not as expected: the expected outcome is ${escape(line.expected)}</div>`,
    "</div>"
  ].join("")

const sections = (lines: ReadonlyArray<Line>): ReadonlyArray<string> =>
  [...new Set(lines.map(({ fault }) => fault))].map((fault) => {
    const these = lines.filter((line) => line.fault === fault)
    return `<section><h2>${escape(fault)}</h2><p class="rule">${escape(these[0]?.rule ?? "")}</p>${these.map(call).join("\n")}</section>`
  })

const card = (name: string, figure: string, texts: ReadonlyArray<string>): string =>
  `<div><span class="faint">${escape(name)}</span><strong>${escape(figure)}</strong>${texts.map((text) => `<p>${escape(text)}</p>`).join("")}</div>`

const cards = (report: Report, { calls, law, mustFail, ours, theirs, unmet }: Summary): string => {
  const client = (name: string, { duplicates, requests, succeeded, truncated }: Totals): string =>
    card(name, `${succeeded} of ${calls}`, [
      `calls succeeded${report.scale === 1 ? "" : `, with ${requests} requests`}`,
      ...(report.scale === 1
        ? []
        : [
            `${plural(truncated, "half response")} returned as a success; ${plural(duplicates, "batch submission")} perhaps executed twice`
          ])
    ])
  return [
    card("Outcomes", unmet === 0 ? "All as expected" : `${unmet} not as expected`, [
      `in ${formatMillis(report.millis)}${mustFail === 0 ? "" : `; ${plural(mustFail, "call")} must fail: a retry cannot help, or would be a duplicate`}`
    ]),
    client("effect-reliability", ours),
    theirs === undefined ? "" : client(`openai ${report.openai ?? ""}`.trim(), theirs),
    law === undefined ? "" : card("The dashboard law", law.holds ? "holds" : "does not hold", lawText(law))
  ].join("\n")
}

/** Renders a table with one row for each fault. */
const matrix = ({ matrix, ours, theirs }: Summary): string => {
  const cell = (text: string, warn = false): string => `<td${warn ? ' class="warn"' : ""}>${escape(text)}</td>`
  const cells = (totals: Totals | undefined): string => {
    if (totals === undefined) return ""
    const { calls, duplicates, requests, succeeded, truncated } = totals
    const half = truncated === 0 ? "" : `, ${truncated} half`
    return (
      cell(`${succeeded} of ${calls}${half}`, truncated > 0) +
      cell(String(requests)) +
      cell(String(duplicates), duplicates > 0)
    )
  }
  const heads = `<th scope="col">succeeded</th><th scope="col">requests</th><th scope="col">duplicates</th>`
  const group = (name: string): string => `<th colspan="3">${name}</th>`
  const all = matrix.reduce((sum, { mustSucceed }) => sum + mustSucceed, 0)
  return [
    `<section class="table"><h2>Summary</h2><table><thead>`,
    theirs === undefined ? "" : `<tr><th></th><th></th>${group("effect-reliability")}${group("openai package")}</tr>`,
    `<tr><th scope="col">fault</th><th scope="col">must succeed</th>${heads}${theirs === undefined ? "" : heads}</tr></thead><tbody>`,
    ...matrix.map(
      (row) => `<tr>${cell(row.fault)}${cell(String(row.mustSucceed))}${cells(row.ours)}${cells(row.theirs)}</tr>`
    ),
    `<tr>${cell("all")}${cell(String(all))}${cells(ours)}${cells(theirs)}</tr></tbody></table>`,
    `<p class="faint">Must succeed: the calls that a correct client completes. Half: a response without its end that was returned as a success. Duplicates: batch submissions that may have been executed more than once.</p></section>`
  ].join("\n")
}

const sample = (kind: Segment["kind"], failed: boolean, text: string, bad = false): string =>
  `<li><svg viewBox="0 0 40 16" aria-hidden="true">${shape({ kind, failed, from: 0, to: 1, label: "" }, 0, 40, bad)}</svg>${escape(text)}</li>`

export const page = (report: Report, summary: Summary): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>effect-reliability: the lab</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>The lab</h1>
<p>How calls end when something goes wrong: ${escape(plural(summary.calls, "call"))} against ${escape(report.server)}, ${escape(new Date(report.at).toISOString().slice(0, 16).replace("T", " "))} UTC.</p>
${report.scale === 1 ? "" : `<p>All times are divided by ${report.scale}: 0.6 s stand for a minute.${summary.theirs === undefined ? "" : " Only the backoff of the openai package (0.5 to 8 s) is not divided. The package has its default retries, and the attempt timeout of the workload."} The timelines of one call have the same time scale. Point at a part of a timeline to read its details.</p>`}
</header>
<div class="sums">
${cards(report, summary)}
</div>
${report.scale === 1 ? "" : matrix(summary)}
<ul class="legend">
${sample("attempt", false, "a successful attempt")}
${sample("attempt", true, "a failed attempt")}
${sample("attempt", true, "a failed attempt of a call that must succeed, and did not", true)}
${sample("wait", false, "a wait")}
${sample("stream", false, "a stream after its first event")}
</ul>
<main>
${sections(report.lines).join("\n")}
</main>
</body>
</html>
`
