import * as Schema from "effect/Schema";
export declare const after: <A, I>(form: (json: unknown) => unknown, schema: Schema.Schema<A, I>) => Schema.Schema<A, unknown>;
export declare const withChoices: (json: unknown) => unknown;
export declare const withDeltas: (json: unknown) => unknown;
