import type { Kind } from "../../ApiError.js";
import { type RawHeaders } from "./rawHeaders.js";
export interface Sink {
    readonly onBytes: (bytes: Buffer) => boolean;
    readonly onDrain: () => void;
    readonly onEnd: () => void;
    readonly onBroken: (kind: Kind, detail: string, cause?: unknown) => void;
}
export declare class ContentDecoder {
    #private;
    readonly encoding: string;
    readonly headers: RawHeaders;
    constructor(encoding: string, raw: RawHeaders, sink: Sink);
    get isKnown(): boolean;
    write(bytes: Buffer): boolean;
    end(): void;
    resume(): void;
    close(): void;
    unknown(): void;
}
export declare const decoderOf: (method: string, status: number, raw: RawHeaders, sink: Sink) => ContentDecoder | undefined;
