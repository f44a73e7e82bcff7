import * as Either from "effect/Either";
import { type ApiError } from "../../../ApiError.js";
import type { Decision } from "./model.js";
import type { Outcome } from "./model.js";
export interface Settings {
    readonly maxReplicas: number;
    readonly step: number;
    readonly errors: number;
    readonly within: number;
    readonly every: number;
    readonly pause: number;
}
export interface Raise {
    readonly from: number;
    readonly to: number;
}
export interface Scaling {
    readonly slot: number;
    readonly counts: ReadonlyArray<number>;
    readonly isAsking: boolean;
    readonly heldUntil: number;
    readonly isSettling: boolean;
    readonly doubt: (Raise & {
        readonly at: number;
    }) | undefined;
}
export interface Replicas {
    readonly wanted: number;
    readonly ready: number | undefined;
    readonly max: number | undefined;
}
export type Next = {
    readonly _tag: "Scale";
    readonly raise: Raise;
} | {
    readonly _tag: "Rest";
    readonly outcome: Outcome;
};
export declare const idle: Scaling;
export declare const errorsOf: ({ counts }: Scaling) => number;
export declare const afterCapacity: (state: Scaling, now: number, settings: Settings) => readonly [Scaling, "Look" | "Nothing"];
export declare const afterLook: (state: Scaling, now: number, seen: Either.Either<Replicas, ApiError>, settings: Settings) => readonly [Scaling, Next];
export declare const afterScale: (state: Scaling, now: number, raise: Raise, result: Either.Either<unknown, ApiError>, settings: Settings) => readonly [Scaling, Outcome];
export declare const wordsOf: (decision: Decision) => string;
