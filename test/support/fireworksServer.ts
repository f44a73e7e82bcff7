/**
 * Fixtures of the tests in testing/FireworksServer/.
 *
 * The model of the Fireworks API, in memory under a TestClock and on sockets under real clients.
 */
import { HttpClientRequest, type HttpMethod } from "@effect/platform"
import { Duration, Effect, TestClock } from "effect"
import { FireworksServer } from "effect-reliability/testing"

/** A JSON value whose fields tests access. */
export interface Json {
  readonly [key: string]: Json | undefined
}

export const shown = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value))

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly json: Json
}

export type Send = (
  method: HttpMethod.HttpMethod,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>
) => Effect.Effect<Answer>

export interface Api extends FireworksServer.InMemory {
  readonly send: Send
  /** Sends a request below the account's path. */
  readonly at: Send
  /** Sends a chat to a model. */
  readonly chat: (model?: string, rest?: object) => Effect.Effect<Answer>
}

export const jsonOf = (body: string): Json => {
  try {
    return JSON.parse(body) as Json
  } catch {
    return {}
  }
}

export const lost: Answer = { status: 0, headers: {}, text: "", json: {} }

export const inMemory = (options?: FireworksServer.Options): Effect.Effect<Api> =>
  Effect.map(FireworksServer.inMemory(options), (server) => {
    const send: Send = (method, path, body, headers = { authorization: `Bearer ${server.key}` }) => {
      const bare = HttpClientRequest.make(method)(server.origin + path, { headers })
      const text = typeof body === "string" ? body : JSON.stringify(body)
      const request = body === undefined ? bare : HttpClientRequest.bodyText(bare, text, "application/json")
      return server.client.execute(request).pipe(
        Effect.flatMap((answer) =>
          Effect.map(answer.text, (text) => ({
            status: answer.status,
            headers: answer.headers,
            text,
            json: jsonOf(text)
          }))
        ),
        Effect.orElseSucceed(() => lost)
      )
    }
    const chat: Api["chat"] = (model = "accounts/fireworks/models/m", rest = {}) =>
      send("POST", "/inference/v1/chat/completions", {
        model,
        messages: [{ role: "user", content: "one two three" }],
        ...rest
      })
    return { ...server, send, chat, at: (method, path, ...rest) => send(method, `/v1/accounts/acme${path}`, ...rest) }
  })

export const input = { model: "accounts/fireworks/models/m", inputDatasetId: "accounts/acme/datasets/d" }

export const batches = "/batchInferenceJobs"
export const trainers = "/rlorTrainerJobs"

export const submit = ({ at }: Api, id: string, body: object = input) =>
  at("POST", `${batches}?batchInferenceJobId=${id}`, body)

export const train = ({ at }: Api, id: string) => at("POST", `${trainers}?rlorTrainerJobId=${id}`, {})

export const stateOf = (api: Api, path: string) =>
  Effect.map(api.at("GET", path), ({ json, status }) => (status === 200 ? json["state"] : status))

/** Runs an effect at each of the times, in minutes from now, and returns the results. */
export const over = <A>(minutes: ReadonlyArray<number>, read: Effect.Effect<A>) =>
  Effect.gen(function* () {
    const seen: Array<A> = []
    let now = 0
    for (const minute of minutes) {
      yield* TestClock.adjust(Duration.minutes(minute - now))
      now = minute
      seen.push(yield* read)
    }
    return seen
  })
