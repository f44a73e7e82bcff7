/**
 * The dashboard in the JSON format of Grafana 10 and newer.
 *
 * @see https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
 * @since 0.2.0
 */
import type { Dashboard } from "./model.js"
import { type Panel, sections } from "./panels.js"
import { type AnyMetric, familyOf, labelOf, type Place } from "./queries.js"

// Grafana replaces `${datasource}` by the data source that the user selects
const datasource = { type: "prometheus", uid: "${datasource}" }

/** The variables that select series. A selection of all also matches series without the label. */
export const place: Place = {
  window: "$__rate_interval",
  job: '=~"$job"',
  where: { workload: '=~"$workload"', model: '=~"$model"' }
}

const variable = (name: string, label: string, metric: AnyMetric) => ({
  name,
  label: name,
  type: "query",
  datasource,
  query: { query: `label_values(${familyOf(metric)}, ${label})`, refId: name },
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  allValue: ".*",
  current: { text: ["All"], value: ["$__all"] }
})

const variables = [
  { name: "datasource", label: "data source", type: "datasource", query: "prometheus" },
  variable("job", "job", "attempts"),
  variable("workload", labelOf("workload"), "attempts"),
  variable("model", labelOf("model"), "attempts")
]

const columns = 24
const height = 8

const targetsOf = ({ targets }: Panel) =>
  targets.map(({ legend, query }, index) => ({
    refId: String.fromCodePoint(65 + index),
    datasource,
    editorMode: "code",
    range: true,
    expr: query(place),
    legendFormat: legend
  }))

const axisOf = ({ isStacked, max, unit }: Panel) => ({
  unit,
  min: 0,
  ...(max !== undefined && { max }),
  custom: { fillOpacity: isStacked ? 30 : 5, showPoints: "never", stacking: { mode: isStacked ? "normal" : "none" } }
})

const statesOf = (states: NonNullable<Panel["states"]>) => ({
  mappings: [
    { type: "value", options: Object.fromEntries(states.map((state, value) => [value, { ...state, index: value }])) }
  ]
})

const panelOf = (panel: Panel) => {
  const { description, states, title } = panel
  const legend = { displayMode: "list", placement: "bottom", showLegend: true }
  return {
    type: states === undefined ? "timeseries" : "state-timeline",
    title,
    description,
    datasource,
    fieldConfig: { defaults: states === undefined ? axisOf(panel) : statesOf(states), overrides: [] },
    options:
      states === undefined ? { legend, tooltip: { mode: "multi", sort: "desc" } } : { legend, mergeValues: true },
    targets: targetsOf(panel)
  }
}

/** Places the panels of each section below its title, in one line. */
const placed = () => {
  let id = 0
  return sections.flatMap(({ panels, title }, section) => {
    const y = section * (height + 1)
    const w = columns / panels.length
    return [
      { id: ++id, type: "row", title, collapsed: false, gridPos: { x: 0, y, w: columns, h: 1 }, panels: [] },
      ...panels.map((panel, index) => ({
        id: ++id,
        ...panelOf(panel),
        gridPos: { x: index * w, y: y + 1, w, h: height }
      }))
    ]
  })
}

export const grafanaDashboard = (): Dashboard => ({
  uid: "effect-reliability",
  title: "Calls to model APIs (effect-reliability)",
  description: "How calls to model APIs end, what retries cost, and on which side requests are lost.",
  tags: ["effect-reliability"],
  schemaVersion: 39,
  version: 1,
  editable: true,
  graphTooltip: 1,
  refresh: "30s",
  time: { from: "now-1h", to: "now" },
  timezone: "browser",
  templating: { list: variables },
  annotations: { list: [] },
  panels: placed()
})
