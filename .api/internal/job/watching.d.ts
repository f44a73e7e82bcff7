import * as Either from "effect/Either";
import type { ApiError } from "../../ApiError.js";
import type { Limits, Standing, Step, WatchOptions, Watching } from "./model.js";
export declare const limits: (options?: WatchOptions, owner?: string) => Limits;
export declare const watchingSince: (now: number, limits: Limits) => Watching;
export declare const afterSight: <A>(before: Watching, now: number, result: Either.Either<Standing<A>, ApiError>, limits: Limits, random: number) => readonly [Watching, Step<A>];
export declare const afterResume: (before: Watching, now: number, result: Either.Either<unknown, ApiError>, limits: Limits, random: number) => readonly [Watching, Step<never>];
