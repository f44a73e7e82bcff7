import type * as HttpClient from "@effect/platform/HttpClient";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type { ApiError } from "../../../ApiError.js";
import * as Workload from "../../../Workload.js";
export type Outcome<A, E = string> = {
    readonly _tag: "Ok";
    readonly millis: number;
    readonly value: A;
} | {
    readonly _tag: "Failed";
    readonly millis: number;
    readonly error: E;
};
export declare const outOfTime = "TIMEOUT";
export declare const timed: <A, E, R>(probe: Effect.Effect<A, E, R>) => Effect.Effect<Outcome<A, E>, never, R>;
export declare const within: <A, R>(probe: Effect.Effect<A, string, R>, limit: Duration.Duration) => Effect.Effect<A, string, R>;
export declare const portOf: (url: URL) => number;
export interface Address {
    readonly address: string;
    readonly family: 4 | 6;
}
export declare const resolve: (host: string) => Effect.Effect<ReadonlyArray<Address>, string>;
export declare const connect: ({ address, family }: Address, port: number) => Effect.Effect<void, string>;
export interface Handshake {
    readonly protocol: string;
    readonly distrust: string | undefined;
    readonly subject: string;
    readonly issuer: string;
    readonly names: ReadonlyArray<string>;
    readonly validFrom: number;
    readonly validTo: number;
}
export declare const noTunnel = "PROXY_";
export declare const handshake: (url: URL, through: Address | URL, ca: string | undefined, limit: Duration.Duration) => Effect.Effect<Handshake, string>;
export interface Reached {
    readonly status: number;
    readonly error: ApiError | undefined;
    readonly isPage: boolean;
    readonly location: string | undefined;
    readonly date: number | undefined;
}
export declare const isElsewhere: ({ isPage, status }: Reached) => boolean;
export declare const reach: (client: HttpClient.HttpClient, url: string, workload: Workload.Workload) => Effect.Effect<Reached, ApiError>;
