import { type Answer } from "../Fault.js";
export declare const scripted: <A, B>(script: A | ReadonlyArray<A> | ((value: B) => A), rest: A) => ((value: B) => A);
export declare const orFailed: <A>(run: () => A, otherwise: (failure: Answer) => A) => A;
