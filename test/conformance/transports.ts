/** The clients over which the situations run. */
import { FetchHttpClient, HttpClient } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { Context, Effect, Layer, type Scope } from "effect"
import { Transport } from "effect-reliability/node"
import { Agent } from "undici"
import type { Certainty } from "./situations.js"

/** A client, or memory. */
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
  { name: "Transport", certainty: "exact", client: Transport.make({ proxy: "none" }) },
  {
    name: "Transport over an Agent",
    certainty: "exact",
    client: Effect.flatMap(agent, (dispatcher) => Transport.make({ dispatcher }))
  },
  { name: "NodeHttpClient.layerUndici", certainty: "inferred", client: built(NodeHttpClient.layerUndici) },
  { name: "NodeHttpClient.layer", certainty: "inferred", client: built(NodeHttpClient.layer) },
  { name: "FetchHttpClient", certainty: "inferred", client: built(FetchHttpClient.layer) }
]

/** `ScriptedClient` under `TestClock`. As over other clients, the attempt timeout interrupts an attempt from outside. */
export const memory = { name: "memory", certainty: "inferred" } satisfies Over
