import type { HttpClientRequest } from "@effect/platform/HttpClientRequest";
import * as Effect from "effect/Effect";
export interface Sent {
    readonly bytes: Uint8Array;
    readonly type?: string | undefined;
}
export declare const read: ({ body }: HttpClientRequest, onPiece: () => void) => Effect.Effect<Sent, unknown>;
