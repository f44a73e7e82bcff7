import * as HttpClientRequest from "@effect/platform/HttpClientRequest";
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse";
import * as Effect from "effect/Effect";
import type { ApiError } from "../../ApiError.js";
import type * as Reliability from "../../Reliability.js";
import * as Workload from "../../Workload.js";
import { type Client, type Settings } from "./client.js";
export interface Control {
    readonly accountId: Effect.Effect<string, ApiError>;
    readonly request: (request: HttpClientRequest.HttpClientRequest, workload: Workload.Workload, idempotency?: Reliability.Idempotency) => Effect.Effect<HttpClientResponse.HttpClientResponse, ApiError>;
    readonly baseUrl: string;
    readonly probe: (url: string) => Effect.Effect<boolean>;
    readonly masked: (text: string) => string;
}
export declare const withControl: <Service extends object>(service: Service, control: Control) => Service;
export declare const controlOf: (service: object) => Control;
export declare const makeControl: (client: Client, { accountId, apiKey, baseUrl, controlUrl }: Settings) => Control;
