export declare const stackless: <A>(make: () => A) => A;
export declare const hide: <E extends object>(error: E, key: PropertyKey, value: unknown) => E;
export declare const attachCause: <E extends object>(error: E, cause: unknown) => E;
