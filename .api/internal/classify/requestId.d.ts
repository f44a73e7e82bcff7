export declare const requestIdOf: (names: ReadonlyArray<string>, headers: unknown, fromBody?: string) => string | undefined;
