import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Redacted from "effect/Redacted";
import type * as Scope from "effect/Scope";
import type { StepName } from "./model.js";
import type { Observation } from "./observation.js";
export interface Settings {
    readonly url: URL;
    readonly apiKey: Redacted.Redacted | undefined;
    readonly accountId: string | undefined;
    readonly controlUrl: string | undefined;
    readonly model: string | undefined;
    readonly deployment: string | undefined;
    readonly timeout: Duration.Duration;
    readonly ca: string | undefined;
    readonly onStep: (step: StepName) => Effect.Effect<void>;
}
export declare const walk: (settings: Settings) => Effect.Effect<Observation, never, Scope.Scope>;
