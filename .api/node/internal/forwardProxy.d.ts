import type { Sender } from "../../internal/http/sender.js";
import type { Route } from "./connect.js";
type HeaderOf = (name: string) => string | undefined;
export declare const senderOf: ({ proxy, url }: Pick<Route, "proxy" | "url">, status: number, header: HeaderOf) => Sender | undefined;
export {};
