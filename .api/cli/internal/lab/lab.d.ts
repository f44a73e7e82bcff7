import type * as Effect from "effect/Effect";
import type * as Redacted from "effect/Redacted";
import type { Event, Report, Summary, WorkloadName } from "./model.js";
export interface Options {
    readonly only?: WorkloadName | undefined;
    readonly onEvent?: ((event: Event) => void) | undefined;
}
export interface LiveOptions extends Options {
    readonly apiKey: Redacted.Redacted;
    readonly model: string;
    readonly url?: string | undefined;
}
export declare const run: (options?: Options) => Effect.Effect<Report>;
export declare const runLive: (options: LiveOptions) => Effect.Effect<Report>;
export declare const summary: ({ lines }: Report) => Summary;
export declare const exitStatus: (report: Report) => 0 | 1;
export declare const render: (report: Report, options?: {
    readonly colour?: boolean | undefined;
}) => string;
export declare const page: (report: Report) => string;
