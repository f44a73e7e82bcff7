/**
 * Queries of Prometheus, built from the names of our metrics: a query of an unknown metric or attribute does not compile.
 *
 * Metrics have the names that `Telemetry.prometheus` prints. All queries keep the label `job`, which Prometheus adds.
 *
 * @since 0.2.0
 */
import { type Attribute, attributes, names } from "../../../internal/telemetry/names.js"
import { familyName, labelName } from "../../../internal/telemetry/prometheusText.js"

type Names = typeof names

/** The short names of the metrics of a kind. */
type Metric<Kind extends string> = {
  [M in keyof Names]: Names[M]["kind"] extends Kind ? M : never
}[keyof Names]

/** The metrics that a scrape contains. */
export type AnyMetric = Metric<"counter" | "gauge" | "histogram">

/** The short names of the attributes of a metric. */
type AttributeOf<M extends AnyMetric> = Names[M]["attributes"][number]

/** An operator and a text in quotes, such as `!="success"`. */
export type Matcher = `${"=" | "!=" | "=~" | "!~"}"${string}"`

interface Selection<M extends AnyMetric> {
  /** The attributes that the result keeps. */
  readonly by: ReadonlyArray<AttributeOf<M>>
  readonly where?: { readonly [A in AttributeOf<M>]?: Matcher }
}

/** The place of a query: a panel, whose variables select series, or a rule. */
export interface Place {
  /** The time that rates cover. */
  readonly window: string
  /** Further matchers, each for the metrics that have its attribute. */
  readonly where: { readonly [A in Attribute]?: Matcher }
  readonly job?: Matcher | undefined
}

/** A query, as a function of its place. */
export type Query = (place: Place) => string

/** Returns the name of the label of an attribute. */
export const labelOf = (attribute: Attribute): string => labelName(attributes[attribute].name)

/** Returns the name of a metric in a scrape. */
export const familyOf = (metric: AnyMetric): string => {
  const { kind, name, unit } = names[metric]
  return familyName(name, unit, kind)
}

const series = <M extends AnyMetric>(metric: M, { where }: Selection<M>, place: Place, suffix = ""): string => {
  const own: Place["where"] = where ?? {}
  const matchers = names[metric].attributes.flatMap((attribute) =>
    [own[attribute], place.where[attribute]].flatMap((matcher) =>
      matcher === undefined ? [] : [`${labelOf(attribute)}${matcher}`]
    )
  )
  if (place.job !== undefined) matchers.unshift(`job${place.job}`)
  return `${familyOf(metric)}${suffix}${matchers.length === 0 ? "" : `{${matchers.join(", ")}}`}`
}

const grouped = (by: ReadonlyArray<Attribute>, ...more: ReadonlyArray<string>): string =>
  `by (${["job", ...by.map(labelOf), ...more].join(", ")})`

/** Returns the sum of a gauge over all instances. */
export const sum =
  <M extends Metric<"gauge">>(metric: M, selection: Selection<M>): Query =>
  (place) =>
    `sum ${grouped(selection.by)} (${series(metric, selection, place)})`

/** Returns the maximum of a gauge over all instances. */
export const max =
  <M extends Metric<"gauge">>(metric: M, selection: Selection<M>): Query =>
  (place) =>
    `max ${grouped(selection.by)} (${series(metric, selection, place)})`

/** Returns the increase of a counter per second. */
export const rate =
  <M extends Metric<"counter">>(metric: M, selection: Selection<M>): Query =>
  (place) =>
    `sum ${grouped(selection.by)} (rate(${series(metric, selection, place)}[${place.window}]))`

/** Returns the increase of the sum of a histogram's values per minute. */
export const sumPerMinute =
  <M extends Metric<"histogram">>(metric: M, selection: Selection<M>): Query =>
  (place) =>
    `60 * sum ${grouped(selection.by)} (rate(${series(metric, selection, place, "_sum")}[${place.window}]))`

/** Returns the values of a query per minute instead of per second. */
export const perMinute =
  (query: Query): Query =>
  (place) =>
    `60 * ${query(place)}`

/** Returns a quantile of a histogram. */
export const quantile =
  <M extends Metric<"histogram">>(share: number, metric: M, selection: Selection<M>): Query =>
  (place) =>
    `histogram_quantile(${share}, sum ${grouped(selection.by, "le")} (rate(${series(metric, selection, place, "_bucket")}[${place.window}])))`

/** Divides two queries of the same attributes. A missing part counts as zero; without a whole, the result is empty. */
export const ratio =
  (part: Query, whole: Query): Query =>
  (place) =>
    `(${part(place)} or 0 * ${whole(place)}) / (${whole(place)} > 0)`
