import type * as Schedule from "effect/Schedule";
export declare const descriptions: WeakMap<object, string>;
export declare const describeSchedule: (made: Schedule.Schedule<unknown, unknown>) => string | undefined;
