export type WorkloadName = "interactive" | "agentic" | "largeModel" | "batchSubmission";
export interface Segment {
    readonly kind: "attempt" | "wait" | "stream";
    readonly from: number;
    readonly to: number;
    readonly failed: boolean;
    readonly label: string;
}
export interface Run {
    readonly segments: ReadonlyArray<Segment>;
    readonly millis: number;
    readonly ok: boolean;
    readonly outcome: string;
    readonly delivery: string | undefined;
    readonly events: number | undefined;
    readonly arrived: ReadonlyArray<number | undefined> | undefined;
    readonly executed: number;
}
export interface Deliveries {
    readonly acknowledged: number;
    readonly partial: number;
    readonly unconfirmed: number;
    readonly notSent: number;
}
export interface Line {
    readonly fault: string;
    readonly rule: string;
    readonly workload: WorkloadName;
    readonly truncated: boolean;
    readonly ours: Run;
    readonly theirs: Run | undefined;
    readonly counted: Deliveries;
    readonly expected: string;
    readonly mustFail: boolean;
    readonly met: boolean;
    readonly again: boolean;
}
export interface Report {
    readonly version: 1;
    readonly scale: number;
    readonly server: string;
    readonly at: number;
    readonly millis: number;
    readonly openai: string | undefined;
    readonly lines: ReadonlyArray<Line>;
}
export type Event = {
    readonly _tag: "Planned";
    readonly calls: number;
    readonly openai: boolean;
} | {
    readonly _tag: "Began";
    readonly fault: string;
    readonly workload: WorkloadName;
} | {
    readonly _tag: "Progressed";
    readonly fault: string;
    readonly workload: WorkloadName;
    readonly segments: ReadonlyArray<Segment>;
} | {
    readonly _tag: "Ended";
    readonly fault: string;
    readonly workload: WorkloadName;
};
export interface Summary {
    readonly calls: number;
    readonly unmet: number;
    readonly mustFail: number;
    readonly ours: Totals;
    readonly theirs: Totals | undefined;
    readonly matrix: ReadonlyArray<MatrixRow>;
    readonly law: {
        readonly counted: Deliveries;
        readonly arrived: number;
        readonly holds: boolean;
    } | undefined;
}
export interface Totals {
    readonly calls: number;
    readonly succeeded: number;
    readonly truncated: number;
    readonly requests: number;
    readonly duplicates: number;
}
export interface MatrixRow {
    readonly fault: string;
    readonly mustSucceed: number;
    readonly met: boolean;
    readonly ours: Totals;
    readonly theirs: Totals | undefined;
}
