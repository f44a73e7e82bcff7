import type * as Clock from "effect/Clock";
export declare class StageTimer {
    #private;
    constructor(clock: Clock.Clock, whole: number, onEnd: (of: "stage" | "whole") => void);
    now(): number;
    enter(millis: number, now?: number): void;
    extend(millis: number): void;
    stop(): void;
}
