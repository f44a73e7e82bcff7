import type { Event, Line, Report, Segment, Summary, WorkloadName } from "./model.js";
type Paint = (code: number, text: string) => string;
export declare const paintOf: (colour: boolean) => Paint;
export interface BarOptions {
    readonly paint?: Paint | undefined;
    readonly cells?: number | undefined;
    readonly scale?: number | undefined;
    readonly bad?: boolean | undefined;
}
export declare const bar: (segments: ReadonlyArray<Segment>, { bad, cells, paint, scale }?: BarOptions) => string;
export interface Look {
    readonly paint?: Paint | undefined;
    readonly columns?: number | undefined;
}
export declare const linesText: (lines: ReadonlyArray<Line>, look?: Look) => ReadonlyArray<string>;
export declare const headText: (calls: number, scale: number, server: string, openai: boolean) => ReadonlyArray<string>;
export declare const matrixText: ({ matrix, ours, theirs }: Summary, paint?: Paint) => ReadonlyArray<string>;
export declare const lawText: ({ arrived, counted, holds }: NonNullable<Summary["law"]>) => ReadonlyArray<string>;
export declare const summaryText: ({ calls, law, mustFail, theirs, unmet }: Summary, report: Report, paint?: Paint) => ReadonlyArray<string>;
export declare const bodyText: (report: Report, summary: Summary, look: Look) => ReadonlyArray<string>;
export declare const reportText: (report: Report, summary: Summary, colour: boolean) => string;
export interface Running {
    readonly fault: string;
    readonly workload: WorkloadName;
    readonly since: number;
    readonly segments: ReadonlyArray<Segment>;
}
export interface Board {
    readonly calls: number;
    readonly ended: number;
    readonly running: ReadonlyArray<Running>;
}
export declare const emptyBoard: Board;
export declare const boardAfter: (board: Board, event: Event, now: number) => Board;
export declare const boardText: (board: Board, now: number, columns: number, paint?: Paint) => ReadonlyArray<string>;
export {};
