/** The HTTP clients with which situations are run. */
import { FetchHttpClient, HttpClient } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { Context, Effect, Layer, type Scope } from "effect"
import { Transport } from "effect-reliability/node"
import { Agent } from "undici"
import type { Certainty } from "./situations.js"

/** The name of a client, and how much it knows about failures. */
export interface Over {
  readonly name: string
  readonly certainty: Certainty
}

export interface Transported extends Over {
  readonly client: Effect.Effect<HttpClient.HttpClient, never, Scope.Scope>
}

const built = (layer: Layer.Layer<HttpClient.HttpClient>): Transported["client"] =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, HttpClient.HttpClient))

const agent = Effect.acquireRelease(
  Effect.sync(() => new Agent()),
  (dispatcher) => Effect.promise(() => dispatcher.destroy())
)

export const transports: ReadonlyArray<Transported> = [
  { name: "Transport", certainty: "sure", client: Transport.make({ proxy: "none" }) },
  {
    name: "Transport over an Agent",
    certainty: "sure",
    client: Effect.flatMap(agent, (dispatcher) => Transport.make({ dispatcher }))
  },
  { name: "NodeHttpClient.layerUndici", certainty: "told", client: built(NodeHttpClient.layerUndici) },
  { name: "NodeHttpClient.layer", certainty: "told", client: built(NodeHttpClient.layer) },
  { name: "FetchHttpClient", certainty: "told", client: built(FetchHttpClient.layer) }
]

/** `ScriptedClient` with `TestClock`, without a transport. Here, too, attempts are ended from outside. */
export const memory = { name: "memory", certainty: "told" } satisfies Over
