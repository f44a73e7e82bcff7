import type { Observation } from "./observation.js";
import type { Finding, Side, Step } from "./model.js";
export type Name = Step["name"];
export declare const formatMillis: (millis: number) => string;
export declare const ok: (name: Name, summary: string, millis?: number, lines?: ReadonlyArray<string>) => Step;
export declare const failed: (name: Name, summary: string, millis?: number, lines?: ReadonlyArray<string>) => Step;
export declare const skipped: (name: Name, summary: string) => Step;
export declare const finding: (step: Name, code: string, side: Side, title: string, evidence: ReadonlyArray<string>, next: ReadonlyArray<string>) => Finding;
export declare const note: (...parts: Parameters<typeof finding>) => Finding;
export interface Judged {
    readonly step: Step;
    readonly findings: ReadonlyArray<Finding>;
}
export declare const judged: (step: Step, ...findings: ReadonlyArray<Finding>) => Judged;
export declare const isLoopback: (host: string) => boolean;
export declare const mark: (code: string) => string;
export declare const behindProxy: ({ host, port }: Observation) => string;
export declare const distrustedProxy: (step: Name, evidence: ReadonlyArray<string>) => Finding;
export declare const checkHost: (host: string) => string;
export declare const describeCode: (code: string, timeout: number) => string;
