import * as Duration from "effect/Duration";
import type { Reply, Request } from "../Fault.js";
export type Step = {
    readonly _tag: "Wait";
    readonly delay: Duration.Duration;
} | {
    readonly _tag: "Head";
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly length: number | undefined;
} | {
    readonly _tag: "Body";
    readonly bytes: string | Uint8Array;
} | {
    readonly _tag: "Raw";
    readonly bytes: string;
} | {
    readonly _tag: "End";
} | {
    readonly _tag: "Close";
} | {
    readonly _tag: "Reset";
};
type Steps = ReadonlyArray<Step>;
export declare const whole: (status: number, headers: Readonly<Record<string, string>>, body: string) => Steps;
export declare const stepsOf: (fault: Reply, request: Request) => Steps;
export {};
