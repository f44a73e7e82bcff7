import * as Either from "effect/Either";
import * as Redacted from "effect/Redacted";
export type Checked<A> = Either.Either<A, string>;
export declare const apiKeyOf: (input: Redacted.Redacted) => Checked<Redacted.Redacted>;
export declare const accountIdOf: (input: string) => Checked<string>;
export declare const baseUrlOf: (input: string) => Checked<string>;
export declare const baseUrlFrom: (owner: string, option: string, input: string) => string;
