/** Fixtures of the tests in ai/. */
import { Prompt, Tool, Toolkit } from "@effect/ai"
import { HttpClient } from "@effect/platform"
import { Effect, Layer, Schema } from "effect"
import { FireworksLanguageModel } from "effect-reliability/ai"
import { Fireworks } from "effect-reliability/fireworks"
import { type Fault, ScriptedClient } from "effect-reliability/testing"
import { answer, apiKey, json, model } from "./fireworks.js"

type Options = Partial<FireworksLanguageModel.Options>

export const modelOver = (
  client: HttpClient.HttpClient,
  options: Options = {},
  service: Partial<Fireworks.Options> = {}
) =>
  FireworksLanguageModel.layer({ model, ...options }).pipe(
    Layer.provide(Fireworks.layer({ apiKey, ...service })),
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
  )

/** Makes a language model over a scripted client, with the JSON bodies of its requests. */
export const scriptedModel = (script: Fault.Script, options?: Options, service?: Partial<Fireworks.Options>) =>
  Effect.gen(function* () {
    const client = yield* ScriptedClient.make(script)
    return {
      Live: modelOver(client, options, service),
      requests: client.requests,
      bodies: Effect.map(client.requests, (requests) =>
        requests.map(({ body }) => JSON.parse(body) as Readonly<Record<string, unknown>>)
      )
    }
  })

/** A response whose message and choice have the given fields. */
export const reply = (message: object, more: object = {}, choice: object = { finish_reason: "stop" }) =>
  json(answer({ index: 0, message: { role: "assistant", ...message }, ...choice }, more))

export const called = (id: string, name: string, params: object | string) => ({
  id,
  type: "function",
  function: { name, arguments: typeof params === "string" ? params : JSON.stringify(params) }
})

export class NoSuchCity extends Schema.TaggedError<NoSuchCity>()("NoSuchCity", { city: Schema.String }) {}

export const Weather = Tool.make("weather", {
  description: "Returns the temperature in a city",
  parameters: { city: Schema.String },
  success: Schema.Struct({ celsius: Schema.Number }),
  failure: NoSuchCity,
  failureMode: "return"
})

export const Noon = Tool.make("noon", { success: Schema.String })

export const tools = Toolkit.make(Weather, Noon)

/** The handlers of the tools, which report the cities that they are called with. */
export const handlers = (cities: Array<string>) =>
  tools.toLayer({
    weather: ({ city }) =>
      Effect.suspend(() => {
        cities.push(city)
        return city === "Oslo" ? Effect.succeed({ celsius: -3 }) : new NoSuchCity({ city })
      }),
    noon: () => Effect.succeed("12:00")
  })

/** Returns a field of the cause of an error. */
export const inCause = ({ cause }: Error, field: string): unknown =>
  cause instanceof Error ? Reflect.get(cause, field) : undefined

/** The user's question, and the response of the model with the results of its tools. */
export const history = (question: string, response: { readonly content: ReadonlyArray<unknown> }) =>
  Prompt.merge(
    Prompt.make(question),
    // the parts have the types of the tools
    Prompt.fromResponseParts(response.content as Parameters<typeof Prompt.fromResponseParts>[0])
  )
