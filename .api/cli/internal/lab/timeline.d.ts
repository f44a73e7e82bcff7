import type { Line, Run, Segment } from "./model.js";
export interface Placed {
    readonly segment: Segment;
    readonly start: number;
    readonly end: number;
}
export declare const place: (segments: ReadonlyArray<Segment>, width: number, least: number) => ReadonlyArray<Placed>;
export declare const scaleOf: ({ ours, theirs }: Line) => number;
export declare const widthOf: (segments: ReadonlyArray<Segment>, scale: number, full: number, least: number) => number;
export declare const formatMillis: (millis: number) => string;
export declare const formatArrivals: (statuses: Run["arrived"]) => string;
export type Verdict = "good" | "doubtful" | "bad" | "expected";
export declare const verdict: (run: Run, { mustFail, truncated, workload }: Line) => Verdict;
export declare const describeEnd: (run: Run, line: Line) => string;
export declare const plural: (count: number, noun: string) => string;
