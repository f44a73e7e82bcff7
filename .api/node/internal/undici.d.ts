import type * as undici from "undici";
export type Client = undici.Client;
export declare const Client: typeof undici.Client;
export declare const errors: typeof undici.errors;
