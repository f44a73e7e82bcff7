import * as MetricLabel from "effect/MetricLabel";
import { type Attribute, names } from "./names.js";
import type { Outcome, Observer } from "../call/model.js";
type Labels = ReadonlyArray<MetricLabel.MetricLabel>;
interface Updated {
    readonly unsafeUpdate: (value: number, labels: Labels) => void;
}
type Counted = Exclude<(typeof names)[keyof typeof names], {
    readonly kind: "span";
}>;
export declare const metricOf: ({ counts, kind, name, unit }: Counted, values: { readonly [K in Attribute]?: string | undefined; }) => Updated;
export type Shown = {
    readonly [K in Attribute]?: string | undefined;
};
export declare const showing: ({ about, workload }: Pick<Outcome, "about" | "workload">) => Shown;
export declare const metricsObserver: () => Observer;
export {};
