import type { KeyDescription } from "../rateLimiter/engine.js";
export declare const limiterObserver: (describe: () => ReadonlyArray<KeyDescription>) => (() => void);
