import type { Observer } from "../call/model.js"
export type Revision = "1.41" | "genai-0.1"
export declare const revisions: ReadonlyArray<Revision>
export declare const genAiObserver: (revision: Revision) => Observer
