import { type Judged } from "./findings.js";
import type { Observation } from "./observation.js";
export declare const judgeHttp: (seen: Observation) => Judged;
export declare const judgeKey: (seen: Observation) => Judged;
export declare const judgeModel: (seen: Observation) => Judged;
export declare const judgeMetrics: (seen: Observation) => Judged | undefined;
