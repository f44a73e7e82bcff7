import type { Observer } from "../call/model.js"
import type { Listener } from "../call/notices.js"
import { type Levels } from "./logLines.js"
export type Level = "Fatal" | "Error" | "Warning" | "Info" | "Debug" | "Trace" | "None"
export declare const levelsOf: (owner: string, options: { readonly [K in keyof Levels]?: Level | undefined }) => Levels
export interface Logs {
  readonly observer: Observer
  readonly listener: Listener
}
export declare const logsOf: (levels: Levels) => Logs
