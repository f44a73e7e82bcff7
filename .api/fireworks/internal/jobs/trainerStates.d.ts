import * as Option from "effect/Option";
import type { Checkpoint, Optimizer, TrainerJob } from "./model.js";
export interface Past {
    readonly interruptedAt: number | undefined;
    readonly ranAt: number | undefined;
    readonly stopped: boolean;
    readonly unconfirmed: boolean;
    readonly resumed: number;
}
export declare const nothingSeen: Past;
export declare const afterSight: (past: Past, job: TrainerJob, now: number) => Past;
export declare const afterResume: (past: Past, now: number, confirmed: boolean) => Past;
export declare const hasOptimizer: ({ checkpointType }: Checkpoint) => boolean;
export interface Newest {
    readonly checkpoint: Option.Option<Checkpoint>;
    readonly at: number;
    readonly undated: boolean;
}
export declare const noCheckpoint: Newest;
export declare const afterCheckpoint: (newest: Newest, checkpoint: Checkpoint, interruptedAt: number) => Newest;
export declare const optimizerOf: ({ checkpoint, undated }: Newest) => Optimizer;
