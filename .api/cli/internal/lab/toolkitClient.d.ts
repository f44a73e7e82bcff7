import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { ApiError } from "../../../ApiError.js";
import type { Retrying } from "../../../Reliability.js";
import * as Workload from "../../../Workload.js";
import type { Time } from "./scenarios.js";
import type { Outcome } from "../../../internal/call/model.js";
import type { Deliveries, Run, Segment, WorkloadName } from "./model.js";
export declare const workloads: {
    readonly [W in WorkloadName]: Workload.Workload;
};
export declare const scaled: (workload: Workload.Workload, time: Time) => Workload.Workload;
export declare const model = "accounts/fireworks/models/lab";
export declare const messages: {
    role: "user";
    content: string;
}[];
export declare const inference = "/inference/v1";
export declare const batches = "/v1/accounts/lab/batchInferenceJobs";
export declare const batch: {
    displayName: string;
    model: string;
    inputDatasetId: string;
};
type Counts = {
    -readonly [K in keyof Deliveries]: Deliveries[K];
};
export declare class Recorder {
    #private;
    readonly segments: Array<Segment>;
    readonly counted: Counts;
    readonly since: number;
    readonly onChange: (segments: ReadonlyArray<Segment>) => void;
    constructor(onChange: (segments: ReadonlyArray<Segment>) => void);
    get now(): number;
    get last(): number;
    readonly record: ({ error, millis, of }: Outcome) => void;
    readonly onRetry: ({ step }: Retrying) => Effect.Effect<void>;
    run(error: ApiError | undefined, events: number | undefined): Omit<Run, "arrived" | "executed">;
}
export declare const call: (origin: string, name: WorkloadName, stream: boolean, time: Time, onChange: Recorder["onChange"]) => Effect.Effect<{
    readonly run: Omit<Run, "arrived" | "executed">;
    readonly counted: Deliveries;
}, never, Scope.Scope>;
export {};
