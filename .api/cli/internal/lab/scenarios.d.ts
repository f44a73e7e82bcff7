import * as Duration from "effect/Duration";
import type { Delivery, Reason } from "../../../ApiError.js";
import * as Fault from "../../../testing/Fault.js";
import type { WorkloadName } from "./model.js";
export type Time = (duration: Duration.DurationInput) => Duration.Duration;
export interface Expected {
    readonly outcome: "success" | Reason;
    readonly delivery?: Delivery | undefined;
    readonly requests: number;
}
export interface Scenario {
    readonly fault: string;
    readonly rule: string;
    readonly script: (time: Time) => ReadonlyArray<Fault.Fault>;
    readonly closed?: true;
    readonly stream?: true;
    readonly truncated?: true;
    readonly executed: boolean;
    readonly expected: Expected;
    readonly exceptions?: {
        readonly [W in WorkloadName]?: Expected;
    };
    readonly slow?: true;
}
export declare const scenarios: ReadonlyArray<Scenario>;
