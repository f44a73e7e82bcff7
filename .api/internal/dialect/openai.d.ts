import { type LimitsReader } from "./limitHeaders.js";
import type { Entry } from "./model.js";
export declare const openai: ReadonlyArray<Entry>;
export declare const openaiLimits: LimitsReader;
