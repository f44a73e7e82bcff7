import { type LimitsReader } from "./limitHeaders.js";
import type { Entry } from "./model.js";
export declare const anthropic: ReadonlyArray<Entry>;
export declare const anthropicLimits: LimitsReader;
