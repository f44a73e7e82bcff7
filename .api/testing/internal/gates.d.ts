import * as Effect from "effect/Effect";
import { type Fault, type Reply, type Request } from "../Fault.js";
import { type Step } from "./steps.js";
export interface Admission {
    readonly reply: Reply;
    readonly rejected: boolean;
    readonly rooms: ReadonlyArray<(<A>(work: Effect.Effect<A>) => Effect.Effect<A>)>;
}
export declare const makeGates: () => ((fault: Fault, now: number) => Admission);
interface Record {
    fault: Fault;
    rejected: boolean;
}
export declare const makeAdmissions: () => ((faultFor: (request: Request) => Fault, request: Request, entry: Record, now: number) => {
    readonly steps: ReadonlyArray<Step>;
    readonly rooms: Admission["rooms"];
});
export {};
