import * as Duration from "effect/Duration";
export declare const maxMillis: number;
export declare const refuse: (owner: string, option: string, value: unknown, bound: string) => never;
export declare const duration: (owner: string, option: string, input: Duration.DurationInput, { infinite, min }?: {
    readonly infinite?: boolean;
    readonly min?: number;
}) => Duration.Duration;
export declare const number: (owner: string, option: string, value: number, { integer, max, min }: {
    readonly integer?: boolean;
    readonly max?: number;
    readonly min?: number;
}) => number;
export declare const oneOf: <A extends string>(owner: string, option: string, value: A, allowed: ReadonlyArray<A>) => A;
