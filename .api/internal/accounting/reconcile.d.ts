import type { ReconcileOptions, ServerCounts, Verdict, Window } from "./model.js";
export type Limits = {
    readonly [K in keyof ReconcileOptions]-?: Exclude<ReconcileOptions[K], undefined>;
};
export declare const judge: (window: Window, counts: ServerCounts, limits: Limits) => Verdict;
