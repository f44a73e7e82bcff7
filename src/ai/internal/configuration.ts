/**
 * Configurations of models, which a part of a program can override.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import type { CallOptions } from "../../fireworks/Fireworks.js"

interface Shared {
  readonly callOptions?: CallOptions | undefined
}

/** Merges two configurations, and their `callOptions`. The fields of the second one take precedence. */
export const merged = <C extends Shared>(config: C, overrides: C): C => ({
  ...config,
  ...overrides,
  callOptions: { ...config.callOptions, ...overrides.callOptions }
})

/** Returns a configuration with the overrides in the context. */
export const overridden = <C extends Shared>(tag: Context.Tag<C, C>, config: C): Effect.Effect<C> =>
  Effect.map(
    Effect.serviceOption(tag),
    Option.match({ onNone: () => config, onSome: (overrides) => merged(config, overrides) })
  )

/** The type of `withConfigOverride`. */
export interface WithOverride<C> {
  (overrides: C): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, overrides: C): Effect.Effect<A, E, R>
}

/** Makes the combinator that overrides a configuration. Inner overrides take precedence over outer ones. */
export const withOverride = <C extends Shared>(tag: Context.Tag<C, C>): WithOverride<C> =>
  dual(2, <A, E, R>(effect: Effect.Effect<A, E, R>, overrides: C) =>
    Effect.mapInputContext(effect, (context: Context.Context<R>) => {
      const outer = Option.getOrUndefined(Context.getOption(context, tag))
      return Context.add(context, tag, outer === undefined ? overrides : merged(outer, overrides))
    })
  )
