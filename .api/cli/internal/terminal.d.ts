import * as HelpDoc from "@effect/cli/HelpDoc";
import * as Effect from "effect/Effect";
export declare const name = "effect-reliability";
export declare const described: (purpose: string, { bad, examples }: {
    readonly examples: ReadonlyArray<string>;
    readonly bad: string;
}) => HelpDoc.HelpDoc;
declare const Failed_base: new <A extends Record<string, any> = {}>(args: import("effect/Types").VoidIfEmpty<{ readonly [P in keyof A as P extends "_tag" ? never : P]: A[P]; }>) => import("effect/Cause").YieldableError & {
    readonly _tag: "Failed";
} & Readonly<A>;
export declare class Failed extends Failed_base<{
    readonly status: number;
    readonly text: string | undefined;
}> {
}
export declare const badUsage: (text: string) => Failed;
export declare const isColoured: (stream: NodeJS.WriteStream) => boolean;
export declare const write: (stream: NodeJS.WriteStream, text: string) => Effect.Effect<void>;
export declare const variable: (variable: string) => string | undefined;
export declare const messageOf: (error: unknown) => string;
export declare const refused: (error: unknown, sources: Readonly<Record<string, string>>) => Failed;
export {};
