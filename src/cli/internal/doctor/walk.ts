/**
 * Runs the probes one after the other, until one fails.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as net from "node:net"
import type { ApiError } from "../../../ApiError.js"
import * as Fireworks from "../../../fireworks/Fireworks.js"
import { apiKeyOf } from "../../../fireworks/internal/settings.js"
import * as ServerMetrics from "../../../fireworks/ServerMetrics.js"
import { unsafeMake } from "../../../internal/apiError/unsafeMake.js"
import { hostOf } from "../../../node/internal/connect.js"
import { environmentProxy } from "../../../node/internal/environmentProxy.js"
import * as Transport from "../../../node/Transport.js"
import * as Retry from "../../../Retry.js"
import * as Workload from "../../../Workload.js"
import type { StepName } from "./model.js"
import type { Observation, Proxy } from "./observation.js"
import * as probes from "./probes.js"

/** The checked options. */
export interface Settings {
  readonly url: URL
  readonly apiKey: Redacted.Redacted | undefined
  readonly accountId: string | undefined
  readonly controlUrl: string | undefined
  readonly model: string | undefined
  readonly deployment: string | undefined
  readonly timeout: Duration.Duration
  readonly ca: string | undefined
  readonly onStep: (step: StepName) => Effect.Effect<void>
}

const proxyOf = (url: URL): { readonly described: Proxy; readonly proxy: URL | undefined } => {
  const proxy = environmentProxy(url)
  if (proxy === undefined) return { described: { _tag: "None" }, proxy }
  if (typeof proxy === "string") return { described: { _tag: "Invalid" }, proxy: undefined }
  return { described: { _tag: "Used", url: proxy.origin, host: hostOf(proxy), port: probes.portOf(proxy) }, proxy }
}

const onceWithin = (timeout: Duration.Duration): Workload.Workload =>
  Workload.make({
    name: "doctor",
    timeouts: { pool: timeout, connect: timeout, write: timeout, read: timeout, attempt: timeout },
    retry: Retry.make({ attempts: 1 })
  })

const emptyStream = (): ApiError =>
  unsafeMake(
    { class: "Transient", reason: "StreamBroken" },
    { delivery: "Partial", status: 200, detail: "the stream ended without an event", attempts: 1 }
  )

/** Starts a chat of one token, and waits for the first event of its response. */
const firstEvent = (
  fireworks: Fireworks.Fireworks,
  model: string,
  workload: Workload.Workload
): Effect.Effect<void, ApiError> =>
  fireworks.chatStream({ model, messages: [{ role: "user", content: "Hi" }], max_tokens: 1 }, { workload }).pipe(
    Stream.runHead,
    Effect.flatMap((head) => (head._tag === "Some" ? Effect.void : Effect.fail(emptyStream())))
  )

const base = ({ origin, pathname }: URL): string => origin + pathname.replace(/\/$/, "")

/** Returns the account in the full name of a deployment. */
const accountOf = (deployment: string | undefined): string | undefined =>
  /^accounts\/([^/]+)\//.exec(deployment ?? "")?.[1]

type Mutable = { -readonly [K in keyof Observation]: Observation[K] }

const connectToAll = (addresses: ReadonlyArray<probes.Address>, port: number, timeout: Duration.Duration) =>
  Effect.forEach(
    addresses.slice(0, 16),
    (address) =>
      Effect.map(probes.timed(probes.within(probes.connect(address, port), timeout)), (outcome) => ({
        ...address,
        outcome
      })),
    { concurrency: "unbounded" }
  )

/** Runs the probes in order, and returns their results. */
export const walk = (settings: Settings): Effect.Effect<Observation, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { ca, onStep, timeout, url } = settings
    const accountId = accountOf(settings.deployment) ?? settings.accountId
    const deployment = settings.deployment?.replace(/^.*\//, "")
    const model =
      settings.model ??
      (deployment === undefined || accountId === undefined
        ? undefined
        : `accounts/${accountId}/deployments/${deployment}`)
    const key = settings.apiKey === undefined ? undefined : apiKeyOf(settings.apiKey)
    const { described, proxy } = proxyOf(url)
    const secure = url.protocol === "https:"
    const observation: Mutable = {
      url: url.origin,
      host: hostOf(url),
      port: probes.portOf(url),
      secure,
      at: yield* Clock.currentTimeMillis,
      timeout: Duration.toMillis(timeout),
      proxy: described,
      trustsAll: process.env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0",
      key: key === undefined ? "missing" : Either.isRight(key) ? "given" : "malformed",
      model,
      deployment
    }
    if (described._tag === "Invalid") return observation

    const peer = proxy ?? url
    const host = hostOf(peer)
    const family = net.isIP(host)
    let addresses: ReadonlyArray<probes.Address> = [{ address: host, family: family === 6 ? 6 : 4 }]
    if (family === 0) {
      yield* onStep("dns")
      observation.dns = yield* probes.timed(probes.within(probes.resolve(host), timeout))
      if (observation.dns._tag === "Failed") return observation
      addresses = observation.dns.value
    }

    yield* onStep("tcp")
    observation.tcp = yield* connectToAll(addresses, probes.portOf(peer), timeout)
    const [good] = observation.tcp
      .filter(({ outcome }) => outcome._tag === "Ok")
      .toSorted((a, b) => a.outcome.millis - b.outcome.millis)
    if (good === undefined) return observation

    if (secure) {
      yield* onStep("tls")
      observation.tls = yield* probes.timed(probes.handshake(url, proxy ?? good, ca, timeout))
      if (observation.tls._tag === "Failed" || observation.tls.value.distrust !== undefined) return observation
    }

    yield* onStep("http")
    const workload = onceWithin(timeout)
    const client = yield* Transport.make({ keepAlive: 0, ...(ca !== undefined && { tls: { ca } }) })
    observation.http = yield* probes.timed(probes.reach(client, `${base(url)}/inference/v1/models`, workload))
    if (observation.http._tag === "Failed" || settings.apiKey === undefined || observation.key !== "given")
      return observation
    // the key is not sent to a server that is not the API
    if (probes.isElsewhere(observation.http.value)) return observation

    const fireworks = yield* Fireworks.make({
      apiKey: settings.apiKey,
      accountId,
      baseUrl: base(url),
      controlUrl: settings.controlUrl
    }).pipe(Effect.provideService(HttpClient.HttpClient, client))
    yield* onStep("key")
    observation.keyed = yield* probes.timed(Effect.asVoid(fireworks.models({ workload })))

    if (model !== undefined && observation.keyed._tag === "Ok") {
      yield* onStep("model")
      observation.first = yield* probes.timed(firstEvent(fireworks, model, workload))
    }
    if (deployment !== undefined && observation.keyed._tag === "Ok") {
      yield* onStep("metrics")
      const metrics = yield* Effect.provideService(ServerMetrics.make, Fireworks.Fireworks, fireworks)
      observation.metrics = yield* probes.timed(Workload.timeout(metrics.counts({ deployment }), workload))
    }
    return observation
  })
