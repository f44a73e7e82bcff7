import * as net from "node:net";
import * as tls from "node:tls";
import type { ApiError, Delivery } from "../../ApiError.js";
export declare class Sessions {
    #private;
    get(key: string): Buffer | undefined;
    set(key: string, session: Buffer): void;
}
export interface Route {
    readonly url: URL;
    readonly servername: string;
    readonly proxy: URL | undefined;
    readonly certificates: () => tls.SecureContext;
    readonly sessions: Sessions;
}
export interface About {
    readonly method: string;
    readonly url: string | undefined;
    readonly delivery: Delivery;
}
export type Failure = (about: About) => ApiError;
export type Connected = (socket: net.Socket | undefined, failure?: Failure) => void;
type Begin = (done: Connected) => () => void;
export declare const portOf: (url: URL) => number;
export declare const hostOf: (url: URL) => string;
export declare const unbracketed: (host: string) => string;
export declare const authorization: ({ password, username }: URL) => string | undefined;
export declare const connecting: (route: Route) => Begin;
export {};
