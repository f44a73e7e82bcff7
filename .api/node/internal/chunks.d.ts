import { type Body } from "../../internal/http/response.js";
export declare const bodyOf: (chunks: ReadonlyArray<Buffer>) => Body;
