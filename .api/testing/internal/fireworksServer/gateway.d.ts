import { type Fault, type Request } from "../../Fault.js";
import type { Config, World } from "./model.js";
type Transition = readonly [World, Fault];
export declare const emptyWorld: World;
export declare const step: (config: Config, world: World, request: Request) => Transition;
export {};
