import * as HttpClientError from "@effect/platform/HttpClientError";
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest";
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse";
import type * as Clock from "effect/Clock";
import * as Deferred from "effect/Deferred";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Mailbox from "effect/Mailbox";
import type { ApiError } from "../../ApiError.js";
import { type Connection, type ConnectionScript, type Fault, type Request, type Script } from "../Fault.js";
import type { Closed, RequestRecord } from "./faultServer/model.js";
import { type Admission } from "./gates.js";
import { type Sent } from "./sent.js";
import type { Step } from "./steps.js";
type HttpRequest = HttpClientRequest.HttpClientRequest;
type HttpResponse = HttpClientResponse.HttpClientResponse;
interface Entry extends Omit<{
    -readonly [K in keyof RequestRecord]: RequestRecord[K];
}, "closed"> {
    readonly line: Line;
}
interface Line {
    readonly id: number;
    readonly origin: string;
    readonly treatment: Connection;
    readonly responding: Set<Fiber.RuntimeFiber<void>>;
    readonly pending: Set<Entry>;
    requests: number;
    busy: Exchange | undefined;
    closed: Closed | undefined;
}
export declare class World {
    #private;
    readonly entries: Array<Entry>;
    faultFor: (request: Request) => Fault;
    treatmentOf: (connection: number) => Connection;
    connections: number;
    isDown: boolean;
    constructor(script: Script, connections: ConnectionScript);
    connect(origin: string, exchange: Exchange): Line;
    free(line: Line): void;
    close(line: Line, closed: Closed): void;
    resetAll(at: number): Effect.Effect<void>;
    admit(request: Request, entry: Entry, now: number): {
        readonly steps: Steps;
        readonly rooms: Admission["rooms"];
    };
}
type Steps = ReadonlyArray<Step>;
type Head = Extract<Step, {
    readonly _tag: "Head";
}>;
type Failure = {
    readonly cause: ApiError;
    readonly reason: "Transport" | "Encode";
};
declare class Exchange {
    #private;
    readonly request: HttpRequest;
    readonly world: World;
    readonly url: URL;
    readonly clock: Clock.Clock;
    readonly line: Line;
    readonly head: Deferred.Deferred<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>;
    readonly body: Mailbox.Mailbox<Uint8Array, ApiError>;
    constructor(world: World, request: HttpRequest, { body, clock, url }: Pick<Exchange, "body" | "clock" | "url">);
    now(): number;
    close(by: Closed["by"], how: Closed["how"]): void;
    get sending(): Effect.Effect<void>;
    failBody(delivery: "NotSent" | "Unconfirmed"): void;
    broken(code: string): void;
    fail(failure: Failure): void;
    complete(): void;
    readonly abort: Effect.Effect<void>;
    arrive({ bytes, type }: Sent): Effect.Effect<void>;
    play(steps: Steps, entry: Entry): Effect.Effect<void>;
    pause(delay: Duration.Duration): Effect.Effect<void>;
    act(step: Exclude<Step, {
        readonly _tag: "Wait";
    }>, entry: Entry): void;
    respond(head: Head): void;
    send(bytes: string | Uint8Array): void;
}
export declare const execute: (world: World, request: HttpRequest) => Effect.Effect<HttpResponse, HttpClientError.HttpClientError>;
export {};
