import { arrivals, ending, place, plural, said, verdict } from "./timeline.js"
import type { Line, Report, Run, Segment, Summary } from "./model.js"

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (char) => entities[char] ?? "")

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
.told { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 .75rem; font-size: .85rem; font-variant-numeric: tabular-nums }
.told b { font-weight: 600 }
.good b { color: var(--good) } .bad b { color: var(--bad) } .doubtful b { color: var(--warn) }
.unmet { grid-column: 1 / -1; color: var(--bad); font-weight: 600 }
.g { fill: var(--good) } .b { fill: var(--bad) } .w { fill: var(--wait) } .s { fill: var(--stream) }
@media (min-width: 44rem) { .call + .call .who { display: none } }
@media (max-width: 44rem) {
  .call, .call.alone { grid-template-columns: 1fr }
  .way + .way { margin-top: .25rem }
}
`

// a wait is a thin line; what failed ends in a notch that one sees without colours
const shape = ({ failed, kind }: Segment, start: number, end: number): string => {
  const at = (x: number): string => x.toFixed(1)
  const width = Math.max(0.5, end - start - 1)
  if (kind === "wait") return `<rect class="w" x="${at(start)}" y="7" width="${at(width)}" height="2" />`
  if (!failed)
    return `<rect class="${kind === "stream" ? "s" : "g"}" x="${at(start)}" y="2" width="${at(width)}" height="12" rx="1" />`
  const tip = start + width
  const back = Math.max(start, tip - 4)
  return `<path class="b" d="M${at(start)} 2H${at(tip)}L${at(back)} 8L${at(tip)} 14H${at(start)}Z" />`
}

const what: { readonly [K in Segment["kind"]]: string } = { attempt: "Attempt", wait: "Wait", stream: "Stream" }

/** A picture of a call's time, of which every part says what it was. */
export const picture = (run: Run): string => {
  const parts = place(run.segments, 400, 7).map(({ end, segment, start }) => {
    const { from, kind, label, to } = segment
    const title = `${what[kind]}: ${label}; ${said(to - from)}, from ${said(from)} on`
    return `<g><title>${escape(title)}</title>${shape(segment, start, end)}</g>`
  })
  const attempts = run.segments.filter(({ kind }) => kind === "attempt").length
  const label = `${plural(attempts, "attempt")} in ${said(run.millis)}: ${run.outcome}`
  return `<svg class="bar" viewBox="0 0 400 16" preserveAspectRatio="none" role="img" aria-label="${escape(label)}">${parts.join("")}</svg>`
}

const way = (who: string, run: Run, line: Line): string => {
  const saw = run.arrived === undefined ? "" : `, server: ${arrivals(run.arrived)}`
  return `<div class="way ${verdict(run, line)}"><div class="who">${escape(who)}</div>${picture(run)}<div class="told"><b>${escape(ending(run, line))}</b><span class="millis">${escape(said(run.millis) + saw)}</span></div></div>`
}

const call = (line: Line): string =>
  [
    `<div class="call${line.theirs === undefined ? " alone" : ""}"><h3>${escape(line.workload)}</h3>`,
    way("effect-reliability", line.ours, line),
    line.theirs === undefined ? "" : way("openai package", line.theirs, line),
    line.met ? "" : `<div class="unmet">Not as expected: it must be ${escape(line.expected)}</div>`,
    "</div>"
  ].join("")

const sections = (lines: ReadonlyArray<Line>): ReadonlyArray<string> =>
  [...new Set(lines.map(({ fault }) => fault))].map((fault) => {
    const these = lines.filter((line) => line.fault === fault)
    return `<section><h2>${escape(fault)}</h2><p class="rule">${escape(these[0]?.rule ?? "")}</p>${these.map(call).join("\n")}</section>`
  })

const sum = (name: string, figure: string, texts: ReadonlyArray<string>): string =>
  `<div><span class="faint">${escape(name)}</span><strong>${escape(figure)}</strong>${texts.map((text) => `<p>${escape(text)}</p>`).join("")}</div>`

const sums = (report: Report, { calls, hopeless, law, ours, theirs, unmet }: Summary): string => {
  const side = (name: string, { halved, repeated, requests, succeeded }: Summary["ours"]): string =>
    sum(name, `${succeeded} of ${calls}`, [
      `calls succeeded${report.scale === 1 ? "" : `, with ${requests} requests`}`,
      ...(report.scale === 1
        ? []
        : [`${plural(halved, "half answer")} passed for whole; ${repeated} batch submissions may have run twice`])
    ])
  return [
    sum("Outcomes", unmet === 0 ? "All as expected" : `${unmet} not as expected`, [
      `in ${said(report.millis)}${hopeless === 0 ? "" : `; ${hopeless} of the calls must fail, the sooner the better`}`
    ]),
    side("effect-reliability", ours),
    theirs === undefined ? "" : side(`openai ${report.openai ?? ""}`.trim(), theirs),
    law === undefined
      ? ""
      : sum("The dashboard law", law.holds ? "holds" : "is broken", [
          `The servers saw ${law.arrived} requests. Clients counted ${law.counted.acknowledged} acknowledged, ${law.counted.partial} partial, ${law.counted.unconfirmed} unconfirmed, and ${law.counted.notSent} that were not sent.`
        ])
  ].join("\n")
}

const sample = (kind: Segment["kind"], failed: boolean, text: string): string =>
  `<li><svg viewBox="0 0 40 16" aria-hidden="true">${shape({ kind, failed, from: 0, to: 1, label: "" }, 0, 40)}</svg>${escape(text)}</li>`

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
<p>What becomes of a call when something goes wrong: ${escape(plural(summary.calls, "call"))} against ${escape(report.server)}, ${escape(new Date(report.at).toISOString().slice(0, 16).replace("T", " "))} UTC.</p>
${report.scale === 1 ? "" : `<p>Times are divided by ${report.scale}: 0.6 s here are a minute.${summary.theirs === undefined ? "" : " The backoff of the openai package (0.5 to 8 s) cannot be. It has its default retries, and the time for an attempt that the guide gives the workload."} Each picture has a scale of its own; point at its parts to read them.</p>`}
</header>
<div class="sums">
${sums(report, summary)}
</div>
<ul class="legend">
${sample("attempt", false, "an attempt that succeeded")}
${sample("attempt", true, "an attempt that failed")}
${sample("wait", false, "a wait")}
${sample("stream", false, "a stream after its first event")}
</ul>
<main>
${sections(report.lines).join("\n")}
</main>
</body>
</html>
`
