import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import type * as Reliability from "../../Reliability.js";
type Observers<R> = Pick<Reliability.Options<R>, "onRetry" | "onGiveUp">;
export declare const withContext: <R>({ onGiveUp, onRetry }: Observers<R>, context: Context.Context<R>) => {
    onRetry: ((retrying: Reliability.Retrying) => Effect.Effect<unknown, unknown, never>) | undefined;
    onGiveUp: ((givenUp: Reliability.GivenUp) => Effect.Effect<unknown, unknown, never>) | undefined;
};
export {};
