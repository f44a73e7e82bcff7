import type * as HttpBody from "@effect/platform/HttpBody";
import * as HttpClientRequest from "@effect/platform/HttpClientRequest";
export declare class Unsendable {
    readonly detail: string;
    constructor(detail: string);
}
export declare const isStreamed: (body: HttpBody.HttpBody) => boolean;
export declare const wasRead: (source: unknown) => boolean;
export declare const methodOf: ({ method }: HttpClientRequest.HttpClientRequest) => string | undefined;
export declare const reduced: (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest;
export declare const hostOf: (url: string) => string | undefined;
export declare const check: (request: HttpClientRequest.HttpClientRequest) => URL | Unsendable;
