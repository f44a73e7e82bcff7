import type { Observation } from "./observation.js";
import type { Finding, Step } from "./model.js";
export declare const judge: (observation: Observation) => {
    readonly steps: ReadonlyArray<Step>;
    readonly findings: ReadonlyArray<Finding>;
};
