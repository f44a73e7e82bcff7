import type { Autoscaling } from "./model.js";
type Json = Readonly<Record<string, unknown>>;
export interface Change {
    readonly mask: string;
    readonly body: Json;
}
export declare const changeOf: (owner: string, given: Autoscaling) => Change;
export {};
