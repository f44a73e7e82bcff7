/**
 * The control plane of an account.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type { ApiError } from "../../ApiError.js"
import { refuse } from "../../internal/options.js"
import type * as Reliability from "../../Reliability.js"
import * as Retry from "../../Retry.js"
import * as Workload from "../../Workload.js"
import { type Client, invalidRequest, type Settings } from "./client.js"
import { withoutNames } from "./confidential.js"

/**
 * The control plane of an account: deployments, data sets, jobs.
 */
export interface Control {
  /** The account; `InvalidRequest` where none was given. */
  readonly accountId: Effect.Effect<string, ApiError>
  /**
   * Sends a request whose URL is a path below `/v1/accounts/{account}`, such as `/batchInferenceJobs?pageSize=50`. Its answer
   * is a success, and read. `idempotency` is by default `safe` for GET, HEAD, PUT, DELETE and OPTIONS, and `never` for others.
   */
  readonly request: (
    request: HttpClientRequest.HttpClientRequest,
    workload: Workload.Workload,
    idempotency?: Reliability.Idempotency
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, ApiError>
  /** Where trainers are, as inference is: the base URL that the service was made with. */
  readonly baseUrl: string
  /**
   * Whether a URL answers 200 within 5 seconds; whatever else comes of it means no. The key goes there: only the service's own
   * hosts are asked, and those below `fireworks.ai` by `https:`.
   */
  readonly probe: (url: string) => Effect.Effect<boolean>
  /** A text of the server's without the key and the account. */
  readonly masked: (text: string) => string
}

/** Where a service keeps its control plane: copies of the service that a user makes keep it too. */
const controlKey = /*#__PURE__*/ Symbol.for("effect-reliability/fireworks/Control")

/** Adds the control plane to a service. */
export const withControl = <Service extends object>(service: Service, control: Control): Service =>
  Object.assign(service, { [controlKey]: control })

/** Returns the control plane of a service. */
export const controlOf = (service: object): Control =>
  // of any other type there is none: the key is ours
  (service as { readonly [controlKey]?: Control })[controlKey] ??
  refuse("Fireworks", "the service", "not made by this package", "made by Fireworks.make, layer or layerConfig")

/** Below the account, and not out of it again by dots, which may be encoded, or parted by blanks that a URL does not keep. */
const isPath = (url: string): boolean =>
  /^\/[^/\\#?\s][^\\#\s]*$/.test(url) && !/\/(?:\.|%2e){1,2}(?:\/|\?|$)/i.test(url)

/** What a request sends, if it is JSON. */
const jsonOf = ({ body }: HttpClientRequest.HttpClientRequest): unknown => {
  if (body._tag !== "Uint8Array") return undefined
  const text = new TextDecoder().decode(body.body)
  return Either.getOrElse(
    Either.try(() => JSON.parse(text) as unknown),
    () => text
  )
}

/** What the SDK allows a probe of a trainer's health. */
const probing = /*#__PURE__*/ Workload.make({
  name: "healthProbe",
  timeouts: { attempt: "5 seconds" },
  deadline: "5 seconds",
  retry: /*#__PURE__*/ Retry.make({ attempts: 1 })
})

/** Whether a URL may get the key. */
const isTrusted = (url: string, own: ReadonlyArray<string>): boolean => {
  if (!URL.canParse(url)) return false
  const { hostname, origin, password, protocol, username } = new URL(url)
  if (username !== "" || password !== "") return false
  return own.includes(origin) || (protocol === "https:" && /(?:^|\.)fireworks\.ai$/.test(hostname))
}

export const makeControl = (client: Client, { accountId, apiKey, baseUrl, controlUrl }: Settings): Control => {
  const withKey = HttpClientRequest.setHeader("x-api-key", Redacted.value(apiKey))
  const own = [new URL(baseUrl).origin, new URL(controlUrl).origin]
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
        const sent = request.pipe(HttpClientRequest.setUrl(`${controlUrl}/v1/accounts/${id}${request.url}`), withKey)
        const body = () => jsonOf(sent)
        const call = { request: sent, body, operation: "control", workload, idempotency, isLogged: true }
        return client.send(call, Effect.succeed)
      }),
    baseUrl,
    probe: (url) => {
      if (!isTrusted(url, own)) return Effect.succeed(false)
      const request = withKey(HttpClientRequest.get(url))
      const asked = client.send({ request, workload: probing }, ({ status }) => Effect.succeed(status === 200))
      return Effect.orElseSucceed(asked, () => false)
    },
    masked: (text) =>
      withoutNames(text, { apiKey: Redacted.value(apiKey), accounts: accountId === undefined ? [] : [accountId] })
  }
}
