import * as Effect from "effect/Effect";
import type { ServerResponse } from "node:http";
import { type Entry } from "./ledger.js";
import type { Step } from "../steps.js";
export declare const playAtOnce: (steps: ReadonlyArray<Step>, response: ServerResponse, entry: Entry) => boolean;
export declare const play: (steps: ReadonlyArray<Step>, response: ServerResponse, entry: Entry) => Effect.Effect<void>;
