import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Either from "effect/Either";
import type { ApiError } from "../../ApiError.js";
import type { Limits, Step, Submission, Watching } from "./model.js";
export declare const pauseBefore: (again: number) => number;
export declare const hintOf: (error: ApiError | undefined) => number;
export declare const spread: (after: Duration.Duration) => Effect.Effect<void>;
export declare const logged: (next: Submission<unknown>, result: Either.Either<unknown, ApiError>, id: string) => Effect.Effect<void>;
interface Again {
    readonly anew: boolean;
    readonly left: number;
    readonly random: number;
    readonly error?: ApiError | undefined;
}
export declare const again: (state: Watching, { cap, factor, interval, jitter }: Limits, { anew, error, left, random }: Again) => readonly [Watching, Step<never>];
export {};
