/**
 * Calls to the control plane of an account.
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
  /** The account id. Fails with `InvalidRequest` if none was given. */
  readonly accountId: Effect.Effect<string, ApiError>
  /**
   * Sends a request whose URL is a path below `/v1/accounts/{account}`, such as `/batchInferenceJobs?pageSize=50`. Returns a
   * successful response whose body has been read. By default `idempotency` is `safe` for GET, HEAD, PUT, DELETE and OPTIONS,
   * and `never` for other methods.
   */
  readonly request: (
    request: HttpClientRequest.HttpClientRequest,
    workload: Workload.Workload,
    idempotency?: Reliability.Idempotency
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, ApiError>
  /** The base URL of the service, for inference and trainers. */
  readonly baseUrl: string
  /**
   * Returns true if a GET of the URL responds with 200 within 5 seconds; false on any other result.
   *
   * The request contains the API key. It is sent only to the service's own hosts, and over `https:` to hosts below
   * `fireworks.ai`. For other URLs the result is false.
   */
  readonly probe: (url: string) => Effect.Effect<boolean>
  /** Masks the API key and the account id in a text of the server. */
  readonly masked: (text: string) => string
}

/** The property that holds the control plane of a service. Copies of the service object keep it. */
const controlKey = /*#__PURE__*/ Symbol.for("effect-reliability/fireworks/Control")

/** Adds the control plane to a service. */
export const withControl = <Service extends object>(service: Service, control: Control): Service =>
  Object.assign(service, { [controlKey]: control })

/** Returns the control plane of a service. */
export const controlOf = (service: object): Control =>
  // only this module sets the property, so its type is known
  (service as { readonly [controlKey]?: Control })[controlKey] ??
  refuse("Fireworks", "the service", "not made by this package", "made by Fireworks.make, layer or layerConfig")

/**
 * Returns true for a path that stays below the account. Rejects dot segments, also percent-encoded ones, and whitespace, which
 * URL parsing removes.
 */
const isPath = (url: string): boolean =>
  /^\/[^/\\#?\s][^\\#\s]*$/.test(url) && !/\/(?:\.|%2e){1,2}(?:\/|\?|$)/i.test(url)

/** Returns the body of a request as JSON, or as text if it is not valid JSON. */
const jsonOf = ({ body }: HttpClientRequest.HttpClientRequest): unknown => {
  if (body._tag !== "Uint8Array") return undefined
  const text = new TextDecoder().decode(body.body)
  return Either.getOrElse(
    Either.try(() => JSON.parse(text) as unknown),
    () => text
  )
}

/** The workload of a trainer's health probe, with the timeout of the provider's SDK. */
const probing = /*#__PURE__*/ Workload.make({
  name: "healthProbe",
  timeouts: { attempt: "5 seconds" },
  deadline: "5 seconds",
  retry: /*#__PURE__*/ Retry.make({ attempts: 1 })
})

/** Returns true if the API key may be sent to the URL. */
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
          Effect.fail(invalidRequest("the account id is missing: set FIREWORKS_ACCOUNT_ID, or the option accountId"))
        )
      : Effect.succeed(accountId)
  return {
    accountId: account,
    request: (request, workload, idempotency) =>
      Effect.flatMap(account, (id) => {
        // an absolute URL would send the API key to another host
        if (!isPath(request.url)) {
          return Effect.fail(invalidRequest("the URL of a control-plane request must be a path below the account"))
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
      const isHealthy = client.send({ request, workload: probing }, ({ status }) => Effect.succeed(status === 200))
      return Effect.orElseSucceed(isHealthy, () => false)
    },
    masked: (text) =>
      withoutNames(text, { apiKey: Redacted.value(apiKey), accounts: accountId === undefined ? [] : [accountId] })
  }
}
