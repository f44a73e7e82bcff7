import type { Observer } from "../call/model.js";
export declare const spansObserver: Observer;
