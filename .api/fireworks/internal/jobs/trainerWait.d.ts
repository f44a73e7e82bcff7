import * as Duration from "effect/Duration";
import * as Stream from "effect/Stream";
import { type ApiError } from "../../../ApiError.js";
import * as Job from "../../../Job.js";
import type * as Reliability from "../../../Reliability.js";
import type * as Workload from "../../../Workload.js";
import * as Fireworks from "../../Fireworks.js";
import { type Call } from "./lifecycle.js";
import type { Checkpoint, Ended, Goal, Kind, OptimizerStateAtRisk, Outcome, ReadyOptions, Resumable, TrainerJob, Up } from "./model.js";
export declare const paths: {
    readonly trainer: "/rlorTrainerJobs";
    readonly supervised: "/supervisedFineTuningJobs";
    readonly reinforcement: "/reinforcementFineTuningJobs";
    readonly preference: "/dpoJobs";
};
export declare const untilEnd: (job: TrainerJob, onPause?: "wait" | "end") => Job.Standing<Ended>;
export declare const untilReady: (job: TrainerJob, { healthy, resumable }: Extract<Goal, {
    readonly until: "ready";
}>) => Job.Standing<Ended | Up>;
export declare const act: (kind: Kind, id: string, verb: "resume" | "cancel", workload: Workload.Workload, idempotency: Reliability.Idempotency) => Call<void>;
export declare const warn: (kind: Kind, id: string, risk: OptimizerStateAtRisk | undefined) => Call<void>;
export declare const limitsOf: (owner: string, options: ReadyOptions, ready: Duration.DurationInput) => Job.WatchOptions;
export interface Wait {
    readonly kind: Kind;
    readonly limits: Job.WatchOptions;
    readonly workload: Workload.Workload;
    readonly resumable: ReadonlyArray<Resumable>;
    readonly atRisk?: OptimizerStateAtRisk | undefined;
    readonly get: (id: string) => Call<TrainerJob>;
    readonly checkpoints: (id: string) => Stream.Stream<Checkpoint, ApiError, Fireworks.Fireworks>;
}
export declare const reach: (id: string, wait: Wait, first: "look" | "resume") => Call<Outcome>;
