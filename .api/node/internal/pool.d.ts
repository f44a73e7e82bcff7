import * as Effect from "effect/Effect";
import type * as net from "node:net";
import { type Failure, type Route } from "./connect.js";
import { Client } from "./undici.js";
export interface Waiter {
    readonly onConnection: (connection: Connection) => void;
    readonly onConnecting: () => void;
    readonly onFailure: (failure: Failure) => void;
    readonly isFresh: boolean;
    attempt: Attempt | undefined;
}
export interface Attempt {
    stop: () => void;
    since: number | undefined;
    owner: Waiter | undefined;
}
export interface Settings {
    readonly connections: number;
    readonly keepAlive: number;
    readonly maxHeaders: number;
    readonly abrupt: Set<string>;
}
export declare class Connection {
    #private;
    readonly client: Client;
    readonly socket: net.Socket;
    readonly origin: Origin;
    requests: number;
    open: boolean;
    freedAt: number;
    constructor(origin: Origin, socket: net.Socket);
    get isQuiet(): boolean;
    free(): void;
    close(cause?: Error | null): void;
}
export declare const gone: () => Error;
export declare class Origin {
    #private;
    readonly route: Route;
    readonly settings: Settings;
    constructor(route: Route, settings: Settings, onEmpty: (origin: Origin) => void);
    get isAbrupt(): boolean;
    noteAbrupt(): void;
    acquire(waiter: Waiter): Connection | undefined;
    leave(waiter: Waiter, { hung }: {
        readonly hung: boolean;
    }): void;
    rest(connection: Connection): void;
    offer(connection: Connection): void;
    distrust(failed: Connection): void;
    lost(connection: Connection): void;
    close(failure: Failure): Effect.Effect<void>;
}
