import type * as Clock from "effect/Clock";
import type * as Effect from "effect/Effect";
import type { ApiError } from "../../ApiError.js";
import type { Workload, Step, Stopping, About, Outcome, Call } from "./model.js";
import type { AnyFiber, Begun, Observed, Observer } from "./model.js";
type Record = ((outcome: Outcome) => void) | undefined;
export declare const isObserved: (fiber: AnyFiber, record: Record) => boolean;
export interface Owner {
    readonly fiber: AnyFiber;
    readonly clock: Clock.Clock;
    readonly outer: Call | undefined;
    readonly startedAt: number;
    readonly policy: {
        readonly workload: Workload;
        readonly about?: About | undefined;
        readonly record?: Record;
    };
}
export declare const reportOf: (owner: Owner, of: Begun["of"]) => CallReport | undefined;
export declare class CallReport {
    readonly owner: Owner;
    observed: ReadonlyArray<Observed>;
    begun: Begun | undefined;
    pending: ReadonlyArray<Observer>;
    attemptStartedAt: number;
    trying: boolean;
    ended: boolean;
    composite: boolean;
    call: Call | undefined;
    fiberObserver: (() => void) | undefined;
    constructor(owner: Owner);
    begin(): void;
    try<A, E, R>(effect: Effect.Effect<A, E, R>, attempt: number, now: number, call: Call | undefined): Effect.Effect<A, E, R>;
    isBegun(leaf: boolean): boolean;
    get wraps(): boolean;
    around<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R>;
    waits(error: ApiError, step: Step, millis: number): void;
    succeed(attempt: number): void;
    tell(of: Outcome["of"], attempt: number, error: ApiError | undefined, why?: Stopping, now?: number): void;
    ends(of: Outcome["of"]): void;
    outcome(of: Outcome["of"], attempt: number, error: ApiError | undefined, why: Stopping | undefined, now: number): Outcome;
    watch(onEnd: () => void): void;
}
export {};
