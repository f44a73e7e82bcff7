import { type Judged } from "./findings.js";
import type { Observation } from "./observation.js";
export declare const judgeProxy: ({ proxy, trustsAll, url }: Observation) => Judged;
export declare const judgeDns: (seen: Observation) => Judged;
export declare const judgeTcp: (seen: Observation) => Judged;
export declare const judgeTls: (seen: Observation) => Judged;
