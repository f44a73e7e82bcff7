import * as Effect from "effect/Effect";
import type * as Clock from "effect/Clock";
import type * as Scope from "effect/Scope";
import { type ConnectionScript, type Script } from "../../Fault.js";
import type { Certificate } from "../certificate.js";
import { type Ledger } from "./ledger.js";
interface Settings {
    readonly certificate: (Certificate & {
        readonly clientCa: string | undefined;
    }) | undefined;
    readonly clock: Clock.Clock;
    readonly connections: ConnectionScript;
    readonly ledger: Ledger;
    readonly maxBody: number;
    readonly script: Script;
}
interface Listener {
    readonly port: number;
    readonly script: (next: Script) => Effect.Effect<void>;
    readonly scriptConnections: (next: ConnectionScript) => Effect.Effect<void>;
    readonly down: Effect.Effect<void>;
    readonly up: Effect.Effect<void>;
}
export declare const listen: (settings: Settings) => Effect.Effect<Listener, never, Scope.Scope>;
export {};
