/**
 * The control plane of an account.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type { Control } from "../Fireworks.js"
import { type Client, invalidRequest, type Settings } from "./client.js"

/** Below the account, and not out of it again by dots, which may be encoded. */
const isPath = (url: string): boolean => /^\/[^/\\#?][^\\#]*$/.test(url) && !/\/(?:\.|%2e){1,2}(?:\/|\?|$)/i.test(url)

/** What a request sends, if it is JSON. */
const jsonOf = ({ body }: HttpClientRequest.HttpClientRequest): unknown => {
  if (body._tag !== "Uint8Array") return undefined
  const text = new TextDecoder().decode(body.body)
  return Either.getOrElse(
    Either.try(() => JSON.parse(text) as unknown),
    () => text
  )
}

export const makeControl = (client: Client, { accountId, apiKey, controlUrl }: Settings): Control => {
  const account =
    accountId === undefined
      ? Effect.suspend(() =>
          Effect.fail(invalidRequest("the account is not known: set FIREWORKS_ACCOUNT_ID, or the option accountId"))
        )
      : Effect.succeed(accountId)
  return {
    accountId: account,
    request: (request, workload, idempotency) =>
      Effect.flatMap(account, (id) => {
        // a URL of another host would get the key
        if (!isPath(request.url)) {
          return Effect.fail(invalidRequest("the URL of a control-plane request is a path below the account"))
        }
        const sent = request.pipe(
          HttpClientRequest.setUrl(`${controlUrl}/v1/accounts/${id}${request.url}`),
          HttpClientRequest.setHeader("x-api-key", Redacted.value(apiKey))
        )
        return client.send({ request: sent, body: () => jsonOf(sent), workload, idempotency }, Effect.succeed)
      })
  }
}
