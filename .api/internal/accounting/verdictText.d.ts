import type { Verdict } from "./model.js";
export declare const textOf: (verdict: Verdict) => string;
