import type { Stopping, Waiting } from "../call/model.js";
export declare const stopping: (why: Waiting | Stopping) => Stopping;
