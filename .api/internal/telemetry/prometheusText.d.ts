import type * as MetricPair from "effect/MetricPair";
export declare const prometheusText: (snapshot: Iterable<MetricPair.MetricPair.Untyped>) => string;
