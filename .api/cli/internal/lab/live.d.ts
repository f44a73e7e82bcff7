import * as Effect from "effect/Effect";
import type * as Redacted from "effect/Redacted";
import type { Event, Report, WorkloadName } from "./model.js";
export interface Settings {
    readonly apiKey: Redacted.Redacted;
    readonly model: string;
    readonly base: string;
    readonly workloads: ReadonlyArray<WorkloadName>;
    readonly onEvent: (event: Event) => void;
}
export declare const live: ({ apiKey, base, model, onEvent, workloads: names }: Settings) => Effect.Effect<Report>;
