import type { HttpClientResponse } from "@effect/platform/HttpClientResponse";
import type * as Chunk from "effect/Chunk";
import type * as Effect from "effect/Effect";
import type * as Option from "effect/Option";
import type { ApiError } from "../../ApiError.js";
import type { Answer } from "../../Classify.js";
import type { Event } from "./model.js";
export type Pull = Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<unknown>>;
export interface Bytes {
    readonly pull: Pull;
    readonly close: () => void;
}
export declare const bytesKey: unique symbol;
export declare const bytesOf: (response: HttpClientResponse) => Bytes | undefined;
export type CreateParser = (callbacks: {
    readonly onEvent: (event: Event) => void;
    readonly onError: (error: Stray) => void;
}) => {
    readonly feed: (text: string) => void;
};
interface Stray {
    readonly field?: string | undefined;
    readonly value?: string | undefined;
    readonly line?: string | undefined;
}
export type End = {
    readonly _tag: "Done";
} | {
    readonly _tag: "TooLarge";
} | {
    readonly _tag: "Error";
    readonly body: unknown;
} | {
    readonly _tag: "GivenUp";
};
export interface Settings {
    readonly maxEvent: number;
    readonly isLast: (event: Event) => boolean;
}
export declare const isDone: ({ data }: Event) => boolean;
export declare const isBlank: ({ data }: Event) => boolean;
export declare const isLastByName: ({ event }: Event) => boolean;
export declare const isGivenUp: (json: unknown) => boolean;
export declare const givenUpDetail = "the server ended the generation: finish_reason is \"error\"";
export declare const isErrorBody: (json: unknown) => boolean;
export declare const errorWithin: (classify: (answer: Answer) => ApiError, answer: Answer) => ApiError;
export declare class Decoder {
    #private;
    end: End | undefined;
    constructor(createParser: CreateParser, settings: Settings);
    feed(bytes: Uint8Array): void;
    finish(): void;
    take(): Array<Event>;
}
export {};
