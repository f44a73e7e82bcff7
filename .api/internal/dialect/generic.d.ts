import { type LimitsReader } from "./limitHeaders.js";
import type { Entry } from "./model.js";
export declare const generic: ReadonlyArray<Entry>;
export declare const genericLimits: LimitsReader;
