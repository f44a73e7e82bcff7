import { type Fault } from "../../Fault.js";
import { type Call } from "./messages.js";
import type { Config, World } from "./model.js";
export declare const tickMillis = 30000;
export declare const windowTicks = 2;
export declare const inference: (config: Config, world: World, arrived: Call) => readonly [World, Fault];
