import * as Duration from "effect/Duration";
import type { Delivery, Phase, Transient } from "../../ApiError.js";
export declare const timedOut: (phase: Phase, limit: Duration.Duration, { attempts, delivery, last }: {
    readonly attempts: number;
    readonly delivery?: Delivery;
    readonly last?: string | undefined;
}) => Transient;
