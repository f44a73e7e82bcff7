/**
 * Metrics in Prometheus's text format.
 *
 * Units are spelt out in the name and counters end in `_total`, as OpenTelemetry's conventions for Prometheus say; what the
 * format does not allow in a name becomes an underscore.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 * @since 0.1.0
 */
import type * as MetricLabel from "effect/MetricLabel"
import type * as MetricPair from "effect/MetricPair"
import * as MetricState from "effect/MetricState"
import * as Option from "effect/Option"

type Type = "counter" | "gauge" | "histogram" | "summary"

type Labels = ReadonlyArray<readonly [name: string, value: string]>

interface Sample {
  readonly suffix: string
  readonly labels: Labels
  readonly value: number | bigint
}

interface Family {
  readonly type: Type
  readonly help: string
  readonly samples: Map<string, number | bigint>
}

const units: Readonly<Record<string, string>> = {
  s: "seconds",
  seconds: "seconds",
  ms: "milliseconds",
  milliseconds: "milliseconds",
  By: "bytes",
  bytes: "bytes"
}

const isUnit = ({ key }: MetricLabel.MetricLabel): boolean => key === "unit" || key === "time_unit"

const allowed = (name: string): string => {
  const known = name.replace(/[^a-zA-Z0-9_:]/g, "_")
  return /^[0-9]/.test(known) || known === "" ? `_${known}` : known
}

const ended = (name: string, ending: string | undefined): string =>
  ending === undefined || name.endsWith(`_${ending}`) ? name : `${name}_${ending}`

const numeral = (value: number | bigint): string =>
  value === Infinity ? "+Inf" : value === -Infinity ? "-Inf" : String(value)

const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")

const quoted = (value: string): string => `"${escaped(value).replaceAll('"', '\\"')}"`

/** What the format says itself, and no label of others may. */
const reserved = new Set(["le", "quantile"])

const labelsOf = (tags: ReadonlyArray<MetricLabel.MetricLabel>): Labels => {
  const labels = new Map<string, string>()
  for (const tag of tags) {
    if (isUnit(tag)) continue
    const name = allowed(tag.key).replaceAll(":", "_")
    const own = reserved.has(name) ? `exported_${name}` : name
    const same = labels.get(own)
    labels.set(own, same === undefined ? tag.value : `${same};${tag.value}`)
  }
  return [...labels].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

const samplesOf = (state: unknown, labels: Labels): readonly [Type, ReadonlyArray<Sample>] | undefined => {
  const sample = (value: number | bigint, suffix = "", ...more: Labels): Sample => ({
    suffix,
    labels: [...labels, ...more],
    value
  })
  if (MetricState.isCounterState(state)) return ["counter", [sample(state.count)]]
  if (MetricState.isGaugeState(state)) return ["gauge", [sample(state.value)]]
  if (MetricState.isFrequencyState(state)) {
    return ["counter", [...state.occurrences].map(([word, count]) => sample(count, "", ["key", word]))]
  }
  if (MetricState.isHistogramState(state)) {
    const buckets = [...state.buckets, [Infinity, state.count] as const].map(([bound, count]) =>
      sample(count, "_bucket", ["le", numeral(bound)])
    )
    return ["histogram", [...buckets, sample(state.sum, "_sum"), sample(state.count, "_count")]]
  }
  if (MetricState.isSummaryState(state)) {
    const quantiles = state.quantiles.map(([quantile, value]) =>
      sample(
        Option.getOrElse(value, () => Number.NaN),
        "",
        ["quantile", numeral(quantile)]
      )
    )
    return ["summary", [...quantiles, sample(state.sum, "_sum"), sample(state.count, "_count")]]
  }
  return undefined
}

/** A snapshot of metrics, as text. */
export const prometheusText = (snapshot: Iterable<MetricPair.MetricPair.Untyped>): string => {
  const families = new Map<string, Family>()
  for (const { metricKey, metricState } of snapshot) {
    const found = samplesOf(metricState, labelsOf(metricKey.tags))
    if (found === undefined) continue
    const [type, samples] = found
    const isCounter = MetricState.isCounterState(metricState) || MetricState.isFrequencyState(metricState)
    const unit = units[metricKey.tags.find(isUnit)?.value ?? ""]
    const named = ended(ended(allowed(metricKey.name), unit), isCounter ? "total" : undefined)
    // the same name for things of two kinds would make the whole page unreadable
    const name = families.has(named) && families.get(named)?.type !== type ? `${named}_${type}` : named
    const help = Option.getOrElse(metricKey.description, () => "")
    const family: Family = families.get(name) ?? { type, help, samples: new Map() }
    families.set(name, family)
    for (const { labels, suffix, value } of samples) {
      const shown = labels.map(([label, word]) => `${label}=${quoted(word)}`).join(",")
      const series = `${name}${suffix}${shown === "" ? "" : `{${shown}}`}`
      if (!family.samples.has(series)) family.samples.set(series, value)
    }
  }
  let text = ""
  for (const [name, { help, samples, type }] of families) {
    if (help !== "") text += `# HELP ${name} ${escaped(help)}\n`
    text += `# TYPE ${name} ${type}\n`
    for (const [series, value] of samples) text += `${series} ${numeral(value)}\n`
  }
  return text
}
