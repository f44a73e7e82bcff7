import type { JobKind, Timeline } from "./model.js";
import type { Moment, Moments } from "./model.js";
export declare const kinds: ReadonlyArray<JobKind>;
export declare const checkTimeline: (owner: string, option: string, timeline: Timeline) => Timeline;
export declare const momentsFrom: (timeline: Timeline, start: number, progress: number) => Moments;
export declare const momentAt: (moments: Moments, at: number) => Moment | undefined;
export declare const progressAt: ({ at, from, state, to, until }: Moment, now: number) => number;
export declare const redirect: (moments: Moments, timeline: Timeline, at: number) => Moments;
export declare const runsUntil: (moments: Moments, now: number) => ReadonlyArray<{
    readonly at: number;
    readonly millis: number;
}>;
