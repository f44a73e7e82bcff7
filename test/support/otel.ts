/** An OpenTelemetry SDK that keeps what it exports in memory. */
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import {
  AggregationTemporality,
  type DataPoint,
  type Histogram,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader
} from "@opentelemetry/sdk-metrics"
import { InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { Effect } from "effect"

/** A metric as the SDK exports it. */
export interface Exported {
  readonly name: string
  readonly unit: string
  readonly attributes: Readonly<Record<string, unknown>>
  /** The count of a histogram, or the value of a counter or gauge. */
  readonly value: number
  readonly sum: number | undefined
  readonly boundaries: ReadonlyArray<number> | undefined
}

/** Returns the layer of an SDK, and what it has exported. */
export const sdkInMemory = () => {
  const spans = new InMemorySpanExporter()
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 2 ** 30 })
  const layer = NodeSdk.layer(() => ({
    resource: { serviceName: "test" },
    spanProcessor: new SimpleSpanProcessor(spans),
    metricReader: reader
  }))
  const isHistogram = (value: number | Histogram): value is Histogram => typeof value === "object"
  const exported = Effect.map(
    Effect.promise(() => reader.forceFlush()),
    (): ReadonlyArray<Exported> => {
      const scopes = metrics.getMetrics().at(-1)?.scopeMetrics ?? []
      return scopes.flatMap(({ metrics }) =>
        metrics.flatMap(({ dataPoints, descriptor: { name, unit } }) =>
          // the union of the types of points has no common call signature
          (dataPoints as ReadonlyArray<DataPoint<number | Histogram>>).map(({ attributes, value }) => ({
            name,
            unit,
            attributes,
            value: isHistogram(value) ? value.count : value,
            sum: isHistogram(value) ? value.sum : undefined,
            boundaries: isHistogram(value) ? value.buckets.boundaries : undefined
          }))
        )
      )
    }
  )
  return { layer, exported, spans: Effect.sync(() => spans.getFinishedSpans()) }
}
