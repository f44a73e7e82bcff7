/**
 * Renders metrics in Prometheus's text format.
 *
 * According to OpenTelemetry's conventions for Prometheus, names contain the unit, and the names of counters end in `_total`.
 * Characters that the format does not allow in a name become underscores.
 *
 * Prometheus rejects a whole page if two families have the same name, or if a series has a label twice. Therefore metrics of
 * the application may be renamed here. The new names depend only on types and names, so they are the same in every scrape.
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
  /** The label texts of the metrics that the family contains. */
  readonly metrics: Set<string>
  readonly samples: Map<string, number | bigint>
}

const types: ReadonlyArray<Type> = ["histogram", "summary", "counter", "gauge"]

/** The suffixes of the names that a family of each type uses. */
const endings: { readonly [T in Type]: ReadonlyArray<string> } = {
  histogram: ["", "_bucket", "_sum", "_count"],
  summary: ["", "_sum", "_count"],
  counter: [""],
  gauge: [""]
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

/** Tests whether the format or Prometheus itself uses a label. */
const isReserved = (name: string, state: unknown): boolean =>
  name.startsWith("__") ||
  name === "le" ||
  name === "quantile" ||
  (name === "key" && MetricState.isFrequencyState(state))

/** Returns the name of a label. */
export const labelName = (attribute: string): string => allowed(attribute).replaceAll(":", "_")

/** Returns the name of a family, unless another family uses it. */
export const familyName = (name: string, unit: string, type: Type): string =>
  ended(ended(allowed(name), units[unit]), type === "counter" ? "total" : undefined)

const labelsOf = (tags: ReadonlyArray<MetricLabel.MetricLabel>, state: unknown): Labels => {
  const labels = new Map<string, string>()
  for (const tag of tags) {
    // an empty label is the same as a missing one
    if (isUnit(tag) || tag.value === "") continue
    const name = labelName(tag.key)
    const own = isReserved(name, state) ? `exported_${name}` : name
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

interface Rendered {
  readonly type: Type
  /** The name of the family, unless another family uses it. */
  readonly wanted: string
  readonly help: string
  readonly labels: string
  readonly samples: ReadonlyArray<Sample>
}

const textOf = (labels: Labels): string => labels.map(([label, word]) => `${label}=${quoted(word)}`).join(",")

const rendered = ({ metricKey, metricState }: MetricPair.MetricPair.Untyped): ReadonlyArray<Rendered> => {
  const labels = labelsOf(metricKey.tags, metricState)
  const found = samplesOf(metricState, labels)
  if (found === undefined) return []
  const [type, samples] = found
  const wanted = familyName(metricKey.name, metricKey.tags.find(isUnit)?.value ?? "", type)
  return [{ type, wanted, help: Option.getOrElse(metricKey.description, () => ""), labels: textOf(labels), samples }]
}

const keyOf = ({ type, wanted }: Pick<Rendered, "type" | "wanted">): string => `${type} ${wanted}`

/** Assigns a name to each family, so that no two families use the same one. */
const namesOf = (all: ReadonlyArray<Rendered>): ReadonlyMap<string, string> => {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  // the families that use the most names come first
  for (const type of types) {
    const wanted = new Set(all.filter((one) => one.type === type).map((one) => one.wanted))
    for (const name of [...wanted].toSorted()) {
      const free = (candidate: string): boolean => !endings[type].some((ending) => taken.has(candidate + ending))
      let own = name
      while (!free(own)) own = ended(`${own}_${type}`, type === "counter" ? "total" : undefined)
      for (const ending of endings[type]) taken.add(own + ending)
      names.set(keyOf({ type, wanted: name }), own)
    }
  }
  return names
}

/** Renders a snapshot of metrics. */
export const prometheusText = (snapshot: Iterable<MetricPair.MetricPair.Untyped>): string => {
  const all = [...snapshot].flatMap(rendered)
  const names = namesOf(all)
  const families = new Map<string, Family>()
  for (const metric of all) {
    const { help, labels, samples, type, wanted } = metric
    const name = names.get(keyOf(metric)) ?? wanted
    const family: Family = families.get(name) ?? { type, help, metrics: new Set(), samples: new Map() }
    families.set(name, family)
    // Two histograms or summaries with the same labels cannot be merged. Counters can: a frequency has one sample for each
    // word.
    if (type !== "counter" && family.metrics.has(labels)) continue
    family.metrics.add(labels)
    for (const { labels, suffix, value } of samples) {
      const text = textOf(labels)
      const series = `${name}${suffix}${text === "" ? "" : `{${text}}`}`
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
