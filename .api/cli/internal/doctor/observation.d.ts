import type { ApiError } from "../../../ApiError.js";
import type { ServerCounts } from "../../../fireworks/ServerMetrics.js";
import type { Address, Handshake, Outcome, Reached } from "./probes.js";
export type Proxy = {
    readonly _tag: "None";
} | {
    readonly _tag: "Invalid";
} | {
    readonly _tag: "Used";
    readonly url: string;
    readonly host: string;
    readonly port: number;
};
export interface Observation {
    readonly url: string;
    readonly host: string;
    readonly port: number;
    readonly secure: boolean;
    readonly at: number;
    readonly timeout: number;
    readonly proxy: Proxy;
    readonly trustsAll: boolean;
    readonly dns?: Outcome<ReadonlyArray<Address>>;
    readonly tcp?: ReadonlyArray<Address & {
        readonly outcome: Outcome<void>;
    }>;
    readonly tls?: Outcome<Handshake>;
    readonly http?: Outcome<Reached, ApiError>;
    readonly key: "missing" | "malformed" | "given";
    readonly keyed?: Outcome<void, ApiError>;
    readonly model: string | undefined;
    readonly first?: Outcome<void, ApiError>;
    readonly deployment: string | undefined;
    readonly metrics?: Outcome<ServerCounts, ApiError>;
}
