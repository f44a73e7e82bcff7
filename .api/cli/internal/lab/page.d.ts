import type { Report, Summary } from "./model.js";
export declare const page: (report: Report, summary: Summary) => string;
