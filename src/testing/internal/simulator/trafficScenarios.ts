/**
 * The scenarios that simulations run by name.
 *
 * @since 0.2.0
 */
import type { DurationInput } from "effect/Duration"
import type { Load, Size } from "./model.js"
import { checkBucket, checkSlots, checkTokens } from "./simulationOptions.js"
import { lognormal } from "./random.js"
import { modelServer, type Server } from "./server.js"
import { BucketModel, SlotsModel, TokensModel } from "./servers.js"

/**
 * A server, its load and the time: options of `run` without the policy.
 *
 * @since 0.2.0
 * @category model
 */
export interface Scenario {
  /** One sentence. */
  readonly description: string
  readonly server: Server
  readonly load: Load | ReadonlyArray<Load>
  readonly duration: DurationInput
  readonly processes?: number | undefined
  readonly warmUp?: DurationInput | undefined
}

/**
 * The scale of a scenario.
 *
 * @since 0.2.0
 * @category model
 */
export interface Scale {
  /** The requests per second that the server admits. With slots, half of their number. @default 50 */
  readonly perSecond?: number | undefined
  /** The workers that call in a closed loop; not used by scenarios with an open loop. @default 100 */
  readonly workers?: number | undefined
}

/** Returns the sizes of calls to a chat model. */
const chat = (random: () => number): Size => ({
  input: Math.max(1, Math.round(lognormal(random, 1000, 1))),
  output: Math.max(1, Math.round(lognormal(random, 250, 0.8))),
  maxOutput: 4096
})

type Make = (scale: Required<{ readonly [K in keyof Scale]: number }>) => Scenario

const outage = { from: "30 seconds", to: "40 seconds" } as const

const makers = {
  limit: ({ perSecond, workers }) => ({
    description: `${workers} workers share an undocumented limit of ${perSecond} requests per second.`,
    server: modelServer("bucket", checkBucket({ perSecond }), BucketModel),
    load: { workers },
    duration: "1 minute"
  }),
  headers: ({ perSecond, workers }) => ({
    description: `${workers} workers share a limit of ${perSecond} requests per second that headers name.`,
    server: modelServer("bucket", checkBucket({ perSecond, headers: "fireworks", hint: "seconds" }), BucketModel),
    load: { workers },
    duration: "1 minute"
  }),
  tokens: ({ perSecond, workers }) => ({
    description: `${workers} workers share limits of requests and of tokens per minute that headers name.`,
    server: modelServer(
      "tokens",
      checkTokens({
        headers: "fireworks",
        perMinute: { requests: perSecond * 60, input: perSecond * 60_000, output: perSecond * 12_000 }
      }),
      TokensModel
    ),
    load: { workers, sizes: chat },
    duration: "5 minutes",
    warmUp: "1 minute"
  }),
  change: ({ perSecond, workers }) => ({
    description: `The limit of ${perSecond} requests per second falls to a third after a minute, and rises again after another.`,
    server: modelServer(
      "bucket",
      checkBucket({
        perSecond,
        changes: [
          { at: "1 minute", perSecond: perSecond * 0.3 },
          { at: "2 minutes", perSecond: perSecond * 0.9 }
        ]
      }),
      BucketModel
    ),
    load: { workers },
    duration: "3 minutes"
  }),
  slots: ({ perSecond, workers }) => ({
    description: `${workers} workers share a deployment of ${Math.ceil(perSecond / 2)} slots.`,
    server: modelServer(
      "slots",
      checkSlots({ slots: Math.ceil(perSecond / 2), queue: Math.ceil(perSecond / 2) }),
      SlotsModel
    ),
    load: { workers },
    duration: "3 minutes"
  }),
  outage: ({ perSecond }) => ({
    description: `A server for ${perSecond} requests per second with 80 % of its load is down for ten seconds.`,
    server: modelServer("bucket", checkBucket({ perSecond, outages: [outage] }), BucketModel),
    load: { perSecond: perSecond * 0.8 },
    duration: "2 minutes"
  }),
  brownout: ({ perSecond }) => ({
    description: `A deployment with 80 % of its load takes five times as long as usual for half a minute.`,
    server: modelServer(
      "slots",
      checkSlots({
        slots: Math.ceil(perSecond / 2),
        queue: perSecond * 4,
        status: 503,
        latency: ({ random }) => 320 + 160 * random(),
        brownOuts: [{ from: "30 seconds", to: "1 minute", factor: 5 }]
      }),
      SlotsModel
    ),
    load: { perSecond: perSecond },
    duration: "3 minutes"
  }),
  herd: ({ perSecond, workers }) => ({
    description: `A server refuses ${workers} workers for ten seconds, and names the end in Retry-After.`,
    server: modelServer(
      "bucket",
      checkBucket({
        perSecond,
        hint: "seconds",
        outages: [{ from: 0, to: "10 seconds", status: 429, announced: true }]
      }),
      BucketModel
    ),
    load: { workers },
    duration: "1 minute",
    warmUp: "10 seconds"
  }),
  classes: ({ perSecond, workers }) => ({
    description: `${workers} workers of a batch share a limit with interactive calls that need a tenth of it.`,
    server: modelServer("bucket", checkBucket({ perSecond }), BucketModel),
    load: [
      { workers, class: "batch" },
      { perSecond: perSecond / 10, class: "interactive" }
    ],
    duration: "2 minutes"
  }),
  processes: ({ perSecond, workers }) => ({
    description: `Four processes with ${Math.ceil(workers / 4)} workers each share a limit without a common store.`,
    server: modelServer("bucket", checkBucket({ perSecond }), BucketModel),
    load: { workers: Math.ceil(workers / 4) },
    processes: 4,
    duration: "2 minutes"
  })
} satisfies Readonly<Record<string, Make>>

/**
 * The name of a scenario.
 *
 * @since 0.2.0
 * @category model
 */
export type ScenarioName = keyof typeof makers

/**
 * The names of all scenarios.
 *
 * @since 0.2.0
 * @category constants
 */
export const scenarioNames: ReadonlyArray<ScenarioName> = /*#__PURE__*/ Object.keys(makers) as Array<ScenarioName>

export const scenarioOf = (name: ScenarioName, { perSecond = 50, workers = 100 }: Scale): Scenario =>
  makers[name]({ perSecond, workers })
