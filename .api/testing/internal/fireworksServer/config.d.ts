import { type ErrorForm } from "./messages.js";
import type { DeploymentOptions, Injection, Options, Outage, Timeline } from "./model.js";
import type { Config, Pending, Window } from "./model.js";
export declare const queued: Timeline;
export declare const batch: Timeline;
export declare const provisioning: Timeline;
export declare const isId: (id: string) => boolean;
export declare const checkId: (owner: string, option: string, id: string) => string;
export declare const configOf: (owner: string, scheme: Config["scheme"], options: Options) => Config;
export declare const pendingOf: (owner: string, injection: Injection) => Pending;
export declare const windowOf: (owner: string, outage: Outage, errors: ErrorForm) => ((now: number) => Window);
export declare const boundsOf: (owner: string, options: DeploymentOptions) => {
    min: number;
    max: number;
    replicas: number;
};
