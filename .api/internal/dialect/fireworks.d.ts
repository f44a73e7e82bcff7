import { type LimitsReader } from "./limitHeaders.js";
import type { Entry } from "./model.js";
export declare const fireworks: ReadonlyArray<Entry>;
export declare const fireworksLimits: LimitsReader;
