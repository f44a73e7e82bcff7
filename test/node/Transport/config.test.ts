/** Reads the options of a transport from variables. */
import { describe, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Either, Layer } from "effect"
import { Transport } from "effect-reliability/node"
import { expect } from "vitest"

type Variables = Readonly<Record<string, string>>

const provider = (variables: Variables) => ConfigProvider.fromMap(new Map(Object.entries(variables)))

const read = (variables: Variables) => Effect.withConfigProvider(Transport.config, provider(variables))

const built = (variables: Variables) =>
  Effect.scoped(Layer.build(Transport.layerConfig())).pipe(
    Effect.withConfigProvider(provider(variables)),
    Effect.either
  )

describe("Transport.config", () => {
  it.effect("reads each option, or has its default", () =>
    Effect.gen(function* () {
      expect(yield* read({})).toEqual({
        connections: 1000,
        keepAlive: "4 seconds",
        maxHeaders: 65_536
      })
      const variables = { HTTP_CONNECTIONS: "7", HTTP_KEEP_ALIVE: "1 minute", HTTP_MAX_HEADERS: "2048" }
      expect(yield* read(variables)).toEqual({
        connections: 7,
        keepAlive: Duration.minutes(1),
        maxHeaders: 2048
      })
    })
  )

  it.effect("fails for a value that the transport would refuse, in the layer, too", () =>
    Effect.gen(function* () {
      const variables = { HTTP_MAX_HEADERS: "10" }
      expect(yield* Effect.flip(read(variables))).toMatchObject({
        message: expect.stringContaining("maxHeaders is 10") as unknown
      })
      expect(Either.isLeft(yield* built(variables))).toBe(true)
      expect(Either.isRight(yield* built({}))).toBe(true)
    })
  )
})
