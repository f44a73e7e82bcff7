import * as Effect from "effect/Effect";
import type * as Fiber from "effect/Fiber";
import type { Socket } from "node:net";
import type { Connection } from "../../Fault.js";
import type { Closed, ConnectionRecord, Counts, RequestRecord } from "./model.js";
type Mutable<A> = {
    -readonly [K in keyof A]: A[K];
};
export interface Live {
    readonly id: number;
    readonly treatment: Connection;
    readonly tcp: Socket;
    readonly openedAt: number;
    readonly responding: Set<Fiber.RuntimeFiber<void>>;
    requests: number;
    ending: Pick<Closed, "by" | "how"> | undefined;
    closed: Closed | undefined;
}
export interface Entry extends Mutable<Omit<RequestRecord, "closed">> {
    readonly live: Live;
}
export declare const endedBy: (live: Live, by: Closed["by"], how: Closed["how"]) => void;
export declare const makeLedger: (keep: number, now: () => number) => {
    open: Map<number, Live>;
    counts: Mutable<Counts>;
    opened: (tcp: Socket, treatment: Connection) => Live;
    arrived: (entry: Entry) => void;
    answered: (entry: Entry, complete: boolean) => void;
    requests: () => ReadonlyArray<RequestRecord>;
    connections: () => ReadonlyArray<ConnectionRecord>;
    until: (condition: (counts: Counts) => boolean) => Effect.Effect<void>;
};
export type Ledger = ReturnType<typeof makeLedger>;
export {};
