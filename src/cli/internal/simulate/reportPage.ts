/**
 * Formats a simulation as an HTML page: one file that needs no other files and no scripts.
 *
 * @since 0.2.0
 */
import { escape } from "../format.js"
import {
  distributionOf,
  durationText,
  durationsOf,
  isCut,
  latencyChart,
  lines,
  seriesChart,
  shadedText,
  type Stroke,
  strokeOf
} from "./charts.js"
import { binned, classesOf, glossaryOf, largest, outlineOf, percent, refusedOf, rowsOf } from "./figures.js"
import type { Simulation } from "./model.js"

const light = `--paper: #fbfaf7; --card: #fff; --ink: #1d2329; --faint: #5d6770; --line: #dedbd3; --trouble: #f6e3e0;
  --offered: #8a8579; --admitted: #a9cdf3; --refused: #c2362b; --succeeded: #14683c;
  --policy-0: #b4540a; --policy-1: #6a4fb3; --policy-2: #14683c; --policy-3: #1f6fb5`
const dark = `--paper: #14181c; --card: #1c2126; --ink: #e6e9ec; --faint: #98a3ad; --line: #333b43; --trouble: #45282a;
  --offered: #7d868e; --admitted: #2f5f96; --refused: #ff7a6b; --succeeded: #5fdca0;
  --policy-0: #f2a65a; --policy-1: #b9a3ff; --policy-2: #5fdca0; --policy-3: #6cb0f5`

const style = `
:root { color-scheme: light dark; ${light} }
@media screen and (prefers-color-scheme: dark) { :root { ${dark} } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 84rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.2 }
h2 { margin: 0; font-size: 1.15rem }
h3 { margin: 0 0 .35rem; font-size: 1rem }
p { margin: .35rem 0; max-width: 54rem; text-wrap: pretty }
section { margin: 1.75rem 0 }
.faint, dd, summary { color: var(--faint) }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap: .75rem; margin: .75rem 0 }
.card { min-width: 0; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem }
.grid > .card { margin: 0; break-inside: avoid }
.summary { display: flex; flex-wrap: wrap; align-items: start; gap: .75rem; margin: .75rem 0 }
.summary dl { margin: 0; flex: 1 1 19rem }
svg.chart { display: block; width: 100%; height: auto; overflow: visible; background: none; color: var(--ink); font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .75rem 0; padding: 0; list-style: none; font-size: .9rem }
.legend svg { width: 2.25rem; height: .8rem; margin-right: .45rem; vertical-align: -1px }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .3rem 0 .3rem 1rem; text-align: right; border-top: 1px solid var(--line); vertical-align: top }
thead th, thead td { border-top: 0 }
th { font-weight: 600 }
tbody th { padding-left: 0; text-align: left; font-weight: 400 }
tbody .part th { padding-left: 1rem }
.part { color: var(--faint); font-size: .9rem }
td { white-space: nowrap }
details { margin-top: .5rem; font-size: .85rem }
summary { cursor: pointer }
.scroll { max-height: 20rem; overflow: auto }
.scroll th, .scroll td { padding: .1rem 0 .1rem .6rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .75rem 0 0; max-width: 46rem; font-size: .9rem }
dd { margin: 0 }
@media (max-width: 30rem) {
  body { padding: 1rem .75rem 3rem; font-size: 14px }
  .card { padding: .6rem .7rem }
  th, td { padding-left: .5rem }
  .summary table { font-size: .9em }
}
@media print {
  :root { --paper: #fff }
  body { max-width: none; padding: 0; font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact }
  details { display: none }
  section { margin: 1rem 0 }
  h2, h3, h2 + p, .legend { break-after: avoid }
}
`

const sample = ({ colour, dashes, width }: Stroke, text: string, isFilled = false): string => {
  const area = isFilled ? `<rect x="0" y="6" width="36" height="7" fill="var(${colour})" fill-opacity="0.25" />` : ""
  const dashed = dashes === undefined ? "" : ` stroke-dasharray="${dashes}"`
  return `<li><svg viewBox="0 0 36 13" aria-hidden="true">${area}<path d="M0 6H36" stroke="var(${colour})" stroke-width="${width}"${dashed} /></svg>${escape(text)}</li>`
}

const legend = (samples: ReadonlyArray<string>): string => `<ul class="legend">\n${samples.join("\n")}\n</ul>`

interface Table {
  readonly head: ReadonlyArray<string>
  readonly rows: ReadonlyArray<{
    readonly name: string
    readonly cells: ReadonlyArray<string>
    readonly isPart?: boolean
  }>
}

const table = ({ head, rows }: Table): string =>
  [
    "<table>",
    `<thead><tr>${head.map((name) => (name === "" ? "<td></td>" : `<th scope="col">${escape(name)}</th>`)).join("")}</tr></thead>`,
    "<tbody>",
    ...rows.map(
      ({ cells, isPart, name }) =>
        `<tr${isPart === true ? ' class="part"' : ""}><th scope="row">${escape(name)}</th>${cells.map((cell) => `<td>${escape(cell)}</td>`).join("")}</tr>`
    ),
    "</tbody></table>"
  ].join("\n")

/** Shows a table on demand, with the numbers of a chart. */
const numbers = (title: string, content: Table): string => {
  const name = escape(`Numbers: ${title}`)
  return `<details><summary>${name}</summary><div class="scroll" tabindex="0" role="region" aria-label="${name}">${table(content)}</div></details>`
}

const figure = (title: string, svg: string, content: Table): string =>
  `<section class="card"><h3>${escape(title)}</h3>\n${svg}\n${numbers(title, content)}</section>`

/** The rows of the numbers of a chart over time. */
const mostRows = 30

const rounded = (value: number): string => value.toFixed(1).replace(/\.0$/, "")

const seriesFigures = (simulation: Simulation): ReadonlyArray<string> =>
  Object.entries(simulation.policies).map(([name, report], index) => {
    const { failed, seconds, series, succeeded } = report
    const shown = lines.filter(({ counts }) => counts(report).length > 0)
    const columns = shown.map(({ counts }) => binned(counts(report), mostRows))
    const most = largest(series.sent)
    const svg = seriesChart(simulation, report, {
      id: `series-${index}`,
      title: `${name}: load and outcomes over time`,
      description: `In ${seconds} seconds, ${succeeded} calls succeeded and ${failed} failed. Clients sent up to ${most} attempts per second; up to ${largest(refusedOf(series))} were refused or failed.`
    })
    const note = isCut(simulation, report) ? `<p class="faint">The load rises to ${most} attempts per second.</p>` : ""
    return figure(name, svg + note, {
      head: ["from second", ...shown.map(({ name }) => name)],
      rows: Array.from({ length: columns[0]?.length ?? 0 }, (_, bin) => ({
        name: rounded((bin * seconds) / (columns[0]?.length ?? 1)),
        cells: columns.map((counts) => rounded(counts[bin] ?? 0))
      }))
    })
  })

const latencyFigures = (simulation: Simulation): ReadonlyArray<string> => {
  const names = Object.keys(simulation.policies)
  const classes = classesOf(simulation)
  return classes.map((name, index) => {
    const title = classes.length === 1 ? "Durations of calls" : `Durations of ${name} calls`
    const all = Object.values(simulation.policies).map((report) => distributionOf(report, name))
    const svg = latencyChart(simulation, name, {
      id: `durations-${index}`,
      title,
      description: `For each duration, the share of the calls that had succeeded. ${names.map((name, index) => `${name}: ${percent(all[index]?.at(-1)?.[1] ?? 0)} in the end`).join("; ")}.`
    })
    return figure(title, svg, {
      head: ["within", ...names],
      rows: durationsOf(all).map((millis) => ({
        name: durationText(millis),
        cells: all.map((points) => percent(points.findLast(([upTo]) => upTo <= millis)?.[1] ?? 0))
      }))
    })
  })
}

/** Formats a simulation as a page. */
export const reportPage = (simulation: Simulation): string => {
  const { description, policies, scenario } = simulation
  const names = Object.keys(policies)
  const title = `Simulation: ${scenario}`
  const rows = rowsOf(simulation).map(({ isPart, label, values }) => ({ name: label, cells: values, isPart }))
  const shown = lines.filter(({ counts }) => Object.values(policies).some((report) => counts(report).length > 0))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>${escape(`effect-reliability: ${title}`)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escape(title)}</h1>
<p>${escape(description)}</p>
<p class="faint">${escape(outlineOf(simulation))}</p>
</header>
<main>
<section>
<h2>Summary</h2>
<div class="summary"><div class="card wide" tabindex="0" role="region" aria-label="Summary">
${table({ head: ["", ...names], rows })}
</div>
<dl class="card">
${glossaryOf(simulation)
  .map(([term, text]) => `<dt>${escape(term)}</dt><dd>${escape(text)}</dd>`)
  .join("\n")}
</dl>
</div>
</section>
<section>
<h2>Load and outcomes over time</h2>
<p class="faint">${escape(`One chart for each policy, all on the same scale.${shadedText(simulation)}`)}</p>
${legend(shown.map(({ isFilled, name, stroke }) => sample(stroke, name, isFilled)))}
<div class="grid">
${seriesFigures(simulation).join("\n")}
</div>
</section>
<section>
<h2>Durations</h2>
<p class="faint">The share of the calls that had succeeded by a time. A line that ends below 100 % leaves calls that failed. The scale of time is logarithmic.</p>
${legend(names.map((name, index) => sample(strokeOf(index), name)))}
<div class="grid">
${latencyFigures(simulation).join("\n")}
</div>
</section>
</main>
</body>
</html>
`
}
