import type { Options } from "./model.js";
export declare const describePolicy: <R>(policy: Options<R> & {
    readonly classify?: unknown;
}) => {
    workload: string;
    deadline: string;
    retry: string;
    attempt: Record<"connect" | "pool" | "write" | "read" | "total", string>;
    stream: Record<keyof import("../call/model.js").StreamTimeouts, string>;
    idempotency: import("../call/model.js").Idempotency;
    patience: string;
    budget: string;
    limited: boolean;
    classifies: boolean;
    observes: ("record" | "onRetry" | "onGiveUp")[];
};
