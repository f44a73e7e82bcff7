import * as Effect from "effect/Effect";
import type { Run, WorkloadName } from "./model.js";
export interface CallOptions {
    readonly origin: string;
    readonly name: WorkloadName;
    readonly stream: boolean;
    readonly timeout: number;
    readonly maxMillis: number;
}
export type OpenaiCall = (options: CallOptions) => Effect.Effect<Omit<Run, "arrived" | "executed">>;
export declare const openaiCall: Effect.Effect<OpenaiCall | undefined>;
