/**
 * Reads the variables that the toolkit documents, and shows the values that are in effect. Secrets are not shown.
 *
 * @since 0.2.0
 */
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { redactUrl } from "../../../internal/redact.js"
import * as Transport from "../../../node/Transport.js"
import * as RateLimiter from "../../../RateLimiter.js"
import * as Workload from "../../../Workload.js"
import type { Setting } from "./model.js"

/** The options of the examination that variables set, and where to find the other variables. */
export interface Sources {
  readonly url: URL
  readonly apiKey: unknown
  readonly accountId: unknown
  readonly controlUrl: string | undefined
  readonly workload: Workload.Workload
  readonly prefix: string | undefined
}

const time = (value: Duration.DurationInput): string => {
  const duration = Duration.decode(value)
  return Duration.isFinite(duration) ? Duration.format(duration) : "none"
}

const rate = (limit: RateLimiter.Limit | undefined, otherwise: string): string =>
  limit === undefined ? otherwise : `${limit.limit} per minute`

const workloadLimits: Readonly<Record<string, (workload: Workload.Workload) => string>> = {
  DEADLINE: ({ deadline }) => time(deadline),
  ATTEMPT_TIMEOUT: ({ timeouts }) => time(timeouts.attempt),
  POOL_TIMEOUT: ({ timeouts }) => time(timeouts.pool),
  CONNECT_TIMEOUT: ({ timeouts }) => time(timeouts.connect),
  WRITE_TIMEOUT: ({ timeouts }) => time(timeouts.write),
  READ_TIMEOUT: ({ timeouts }) => time(timeouts.read),
  STREAM_FIRST_TIMEOUT: ({ stream }) => time(stream.first),
  STREAM_IDLE_TIMEOUT: ({ stream }) => time(stream.idle)
}

const limiterLimits: Readonly<Record<string, (limits: RateLimiter.Options) => string>> = {
  REQUESTS_PER_MINUTE: ({ requests }) => rate(requests, "learned"),
  INPUT_TOKENS_PER_MINUTE: ({ inputTokens }) => rate(inputTokens, "learned"),
  OUTPUT_TOKENS_PER_MINUTE: ({ outputTokens }) => rate(outputTokens, "learned"),
  CONCURRENCY: ({ concurrency }) => `${concurrency ?? "unlimited"}`,
  QUEUE: ({ queue }) => `${queue ?? "unlimited"}`
}

const transportOptions: Readonly<Record<string, (options: Config.Config.Success<typeof Transport.config>) => string>> =
  {
    HTTP_CONNECTIONS: ({ connections }) => `${connections}`,
    HTTP_KEEP_ALIVE: ({ keepAlive }) => time(keepAlive),
    HTTP_MAX_HEADERS: ({ maxHeaders }) => `${maxHeaders} bytes`
  }

/** Reads a group of variables. If a value is invalid, those of the group that are set say so. */
const group = <A>(
  config: Config.Config<A>,
  prefix: string | undefined,
  settings: Readonly<Record<string, (found: A) => string>>
): Effect.Effect<ReadonlyArray<Setting>> =>
  Effect.gen(function* () {
    const nested = <B>(inner: Config.Config<B>) => (prefix === undefined ? inner : Config.nested(inner, prefix))
    const found = yield* Effect.either(nested(config))
    return yield* Effect.forEach(Object.entries(settings), ([name, show]) =>
      Effect.gen(function* () {
        const isSet = Either.isRight(yield* Effect.either(nested(Config.string(name))))
        const variable = prefix === undefined ? name : `${prefix}_${name}`
        if (Either.isRight(found)) {
          return { variable, value: show(found.right), source: isSet ? "environment" : "default" } as const
        }
        return isSet
          ? ({ variable, value: `set; ${found.left.message}`, source: "invalid" } as const)
          : ({ variable, value: "unknown, since another variable of the group is invalid", source: "default" } as const)
      })
    )
  })

const secret = (variable: string, value: unknown): Setting =>
  value === undefined
    ? { variable, value: "not set", source: "default" }
    : { variable, value: "set (not shown)", source: "environment" }

/** Returns the effective configuration, one setting for each variable that the toolkit reads. */
export const configuration = (sources: Sources): Effect.Effect<ReadonlyArray<Setting>> => {
  const { accountId, apiKey, controlUrl, prefix, url, workload } = sources
  const isDefault = url.href === "https://api.fireworks.ai/"
  const fireworks: ReadonlyArray<Setting> = [
    secret("FIREWORKS_API_KEY", apiKey),
    secret("FIREWORKS_ACCOUNT_ID", accountId),
    {
      variable: "FIREWORKS_BASE_URL",
      value: redactUrl(url.href) ?? "invalid",
      source: isDefault ? "default" : "environment"
    },
    controlUrl === undefined
      ? { variable: "FIREWORKS_CONTROL_URL", value: "FIREWORKS_BASE_URL", source: "default" }
      : { variable: "FIREWORKS_CONTROL_URL", value: redactUrl(controlUrl) ?? "invalid", source: "environment" }
  ]
  return Effect.map(
    Effect.all([
      group(Transport.config, undefined, transportOptions),
      group(Workload.config(workload), prefix, workloadLimits),
      group(RateLimiter.config, prefix, limiterLimits)
    ]),
    (groups) => [...fireworks, ...groups.flat()]
  )
}
