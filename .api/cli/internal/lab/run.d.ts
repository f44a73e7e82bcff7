import * as Effect from "effect/Effect";
import { type Expected, type Scenario } from "./scenarios.js";
import type { Deliveries, Event, Report, Run, WorkloadName } from "./model.js";
export declare const scale = 100;
interface Cell {
    readonly scenario: Scenario;
    readonly workload: WorkloadName;
    readonly expected: Expected;
}
export declare const cellsOf: (names: ReadonlyArray<WorkloadName>) => ReadonlyArray<Cell>;
export declare const isLawful: ({ acknowledged, partial, unconfirmed }: Deliveries, arrived: number) => boolean;
export declare const isMet: (expected: Expected, run: Run, counted: Deliveries) => boolean;
export declare const experiments: (names: ReadonlyArray<WorkloadName>, onEvent: (event: Event) => void) => Effect.Effect<Report>;
export {};
