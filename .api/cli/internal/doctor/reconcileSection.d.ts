import type { ServerCounts } from "../../../fireworks/ServerMetrics.js";
import type { Finding, Section } from "./model.js";
export declare const reconcileSection: (findings: ReadonlyArray<Finding>, counts: ServerCounts) => Section;
