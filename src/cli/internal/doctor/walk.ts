/**
 * The walk: one look after another, as far as the one before leads.
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

/** What a walk is made with, once it has been checked. */
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

const proxyOf = (url: URL): { readonly told: Proxy; readonly proxy: URL | undefined } => {
  const proxy = environmentProxy(url)
  if (proxy === undefined) return { told: { _tag: "None" }, proxy }
  if (typeof proxy === "string") return { told: { _tag: "Invalid" }, proxy: undefined }
  return { told: { _tag: "Used", url: proxy.origin, host: hostOf(proxy), port: probes.portOf(proxy) }, proxy }
}

const onceWithin = (timeout: Duration.Duration): Workload.Workload =>
  Workload.make({
    name: "doctor",
    timeouts: { pool: timeout, connect: timeout, write: timeout, read: timeout, attempt: timeout },
    retry: Retry.make({ attempts: 1 })
  })

const silence = (): ApiError =>
  unsafeMake(
    { class: "Transient", reason: "StreamBroken" },
    { delivery: "Partial", status: 200, detail: "the stream ended without an event", attempts: 1 }
  )

/** A chat of one token; the first event of its answer is all that is waited for. */
const firstEvent = (
  fireworks: Fireworks.Fireworks,
  model: string,
  workload: Workload.Workload
): Effect.Effect<void, ApiError> =>
  fireworks.chatStream({ model, messages: [{ role: "user", content: "Hi" }], max_tokens: 1 }, { workload }).pipe(
    Stream.runHead,
    Effect.flatMap((head) => (head._tag === "Some" ? Effect.void : Effect.fail(silence())))
  )

const base = ({ origin, pathname }: URL): string => origin + pathname.replace(/\/$/, "")

/** Which account a deployment belongs to, if its name tells. */
const accountOf = (deployment: string | undefined): string | undefined =>
  /^accounts\/([^/]+)\//.exec(deployment ?? "")?.[1]

type Seen = { -readonly [K in keyof Observation]: Observation[K] }

const atAddresses = (addresses: ReadonlyArray<probes.Address>, port: number, timeout: Duration.Duration) =>
  Effect.forEach(
    addresses.slice(0, 16),
    (address) =>
      Effect.map(probes.timed(probes.within(probes.connect(address, port), timeout)), (outcome) => ({
        ...address,
        outcome
      })),
    { concurrency: "unbounded" }
  )

/** Looks at everything, one after another. */
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
    const { proxy, told } = proxyOf(url)
    const secure = url.protocol === "https:"
    const seen: Seen = {
      url: url.origin,
      host: hostOf(url),
      port: probes.portOf(url),
      secure,
      at: yield* Clock.currentTimeMillis,
      timeout: Duration.toMillis(timeout),
      proxy: told,
      trustsAll: process.env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0",
      key: key === undefined ? "missing" : Either.isRight(key) ? "given" : "malformed",
      model,
      deployment
    }
    if (told._tag === "Invalid") return seen

    const hop = proxy ?? url
    const host = hostOf(hop)
    const family = net.isIP(host)
    let addresses: ReadonlyArray<probes.Address> = [{ address: host, family: family === 6 ? 6 : 4 }]
    if (family === 0) {
      yield* onStep("dns")
      seen.dns = yield* probes.timed(probes.within(probes.resolve(host), timeout))
      if (seen.dns._tag === "Failed") return seen
      addresses = seen.dns.value
    }

    yield* onStep("tcp")
    seen.tcp = yield* atAddresses(addresses, probes.portOf(hop), timeout)
    const [good] = seen.tcp
      .filter(({ outcome }) => outcome._tag === "Ok")
      .toSorted((a, b) => a.outcome.millis - b.outcome.millis)
    if (good === undefined) return seen

    if (secure) {
      yield* onStep("tls")
      seen.tls = yield* probes.timed(probes.handshake(url, proxy ?? good, ca, timeout))
      if (seen.tls._tag === "Failed" || seen.tls.value.distrust !== undefined) return seen
    }

    yield* onStep("http")
    const workload = onceWithin(timeout)
    const client = yield* Transport.make({ keepAlive: 0, ...(ca !== undefined && { tls: { ca } }) })
    seen.http = yield* probes.timed(probes.reach(client, `${base(url)}/inference/v1/models`, workload))
    if (seen.http._tag === "Failed" || settings.apiKey === undefined || seen.key !== "given") return seen
    // whoever answers in the API's place is told no key
    if (probes.isElsewhere(seen.http.value)) return seen

    const fireworks = yield* Fireworks.make({
      apiKey: settings.apiKey,
      accountId,
      baseUrl: base(url),
      controlUrl: settings.controlUrl
    }).pipe(Effect.provideService(HttpClient.HttpClient, client))
    yield* onStep("key")
    seen.keyed = yield* probes.timed(Effect.asVoid(fireworks.models({ workload })))

    if (model !== undefined && seen.keyed._tag === "Ok") {
      yield* onStep("model")
      seen.first = yield* probes.timed(firstEvent(fireworks, model, workload))
    }
    if (deployment !== undefined && seen.keyed._tag === "Ok") {
      yield* onStep("metrics")
      const metrics = yield* Effect.provideService(ServerMetrics.make, Fireworks.Fireworks, fireworks)
      seen.metrics = yield* probes.timed(Workload.timeout(metrics.counts({ deployment }), workload))
    }
    return seen
  })
