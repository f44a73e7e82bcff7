/**
 * The command `simulate`.
 *
 * @since 0.2.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { performance } from "node:perf_hooks"
import process from "node:process"
import * as Simulator from "../../../testing/Simulator.js"
import { paintOf } from "../format.js"
import { installCommand, isMissing } from "../packages.js"
import { badUsage, described, Failed, isColoured, messageOf, refused, save, timeOf, write } from "../terminal.js"
import type { Simulation } from "./model.js"
import { progressText, terminalReport } from "./terminalReport.js"

type PolicyName = keyof typeof Simulator.policies

// the keys of an object literal
const policyNames = Object.keys(Simulator.policies) as ReadonlyArray<PolicyName>

/** Returns the policies of a list of names. */
const policiesOf = (list: string): Effect.Effect<Readonly<Record<string, Simulator.Policy>>, Failed> => {
  const names = list
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")
  const unknown = names.find((name) => !policyNames.some((known) => known === name))
  if (names.length === 0 || unknown !== undefined) {
    const found = unknown === undefined ? "is empty" : `contains "${unknown}"`
    return Effect.fail(badUsage(`--policies ${found}; the policies are ${policyNames.join(", ")}`))
  }
  const chosen = policyNames.filter((name) => names.includes(name))
  return Effect.succeed(Object.fromEntries(chosen.map((name) => [name, Simulator.policies[name]])))
}

/** The milliseconds of real time after which the progress is shown, and between two changes of it. */
const [patience, interval] = [1000, 100]

/** Shows the progress of a long simulation in one line of the error output, if that is a terminal. */
const makeProgress = (names: ReadonlyArray<string>) => {
  const out = process.stderr
  let next = performance.now() + patience
  let isShown = false
  return {
    onProgress: ({ policy, share }: Simulator.Progress): void => {
      if (!out.isTTY || performance.now() < next) return
      next = performance.now() + interval
      isShown = true
      const text = progressText(policy, (names.indexOf(policy) + share) / names.length, out.columns || 80)
      out.write(`\r\u001b[2K${text}`)
    },
    end: Effect.suspend(() => (isShown ? write(out, "\r\u001b[2K") : Effect.void))
  }
}

const packages = ["@observablehq/plot", "linkedom"]

/** Loads the code of the page, whose packages are optional. */
const pageCode = Effect.tryPromise({
  try: () => import("./reportPage.js"),
  catch: (error) =>
    isMissing(packages, error)
      ? new Failed({ status: 70, text: `--html needs two more packages: ${installCommand(packages)}` })
      : new Failed({ status: 70, text: messageOf(error) })
})

const settings = {
  scenario: Options.choice("scenario", Simulator.scenarioNames).pipe(
    Options.withDescription("the server and its load"),
    Options.withDefault("outage" as const)
  ),
  policies: Options.text("policies").pipe(
    Options.withDescription(`the policies to compare, separated by commas: ${policyNames.join(", ")}`),
    Options.withDefault("documented,sdk,toolkit")
  ),
  rate: Options.integer("rate").pipe(
    Options.withDescription("the requests per second that the server admits; with slots, twice their number"),
    Options.withDefault(50)
  ),
  workers: Options.integer("workers").pipe(
    Options.withDescription("the workers that call in a closed loop; scenarios with an open loop do not use it"),
    Options.withDefault(100)
  ),
  seed: Options.integer("seed").pipe(
    Options.withDescription("the seed of all random numbers: the same seed gives the same report"),
    Options.withDefault(1)
  ),
  duration: Options.text("duration").pipe(
    Options.withDescription("the simulated time, such as 30s, 5m or 1h; by default that of the scenario"),
    Options.optional
  ),
  html: Options.text("html").pipe(Options.withDescription("the file for the report as an HTML page"), Options.optional),
  json: Options.boolean("json").pipe(Options.withDescription("print the report as one JSON object"))
}

/** Returns what the command prints of a simulation. */
const outputOf = (simulation: Simulation, json: boolean): string => {
  const { columns, isTTY } = process.stdout
  return json
    ? `${JSON.stringify(simulation, null, 2)}\n`
    : terminalReport(simulation, {
        paint: paintOf(isColoured(process.stdout)),
        columns: isTTY ? columns || 80 : undefined
      })
}

export const simulate = Command.make("simulate", settings, (options) =>
  Effect.gen(function* () {
    const { scenario: name, seed } = options
    const policies = yield* policiesOf(options.policies)
    const sources = { perSecond: "--rate", workers: "--workers", seed: "--seed", duration: "--duration" }
    const scenario = yield* Effect.try({
      try: () => Simulator.scenario(name, { perSecond: options.rate, workers: options.workers }),
      catch: (error) => refused(error, sources)
    })
    const duration = Option.isSome(options.duration)
      ? yield* timeOf("--duration", options.duration.value)
      : Duration.decode(scenario.duration)
    const warmUp = Duration.decode(scenario.warmUp ?? 0)
    if (Duration.lessThanOrEqualTo(duration, warmUp)) {
      const time = Duration.format(warmUp)
      return yield* badUsage(
        `--duration must be more than ${time}: the figures of "${name}" leave out the first ${time}`
      )
    }
    const html = Option.getOrUndefined(options.html)
    // report at once that there will be no page
    const page = html === undefined ? undefined : yield* pageCode
    if (html !== undefined) yield* save("--html", html, "", "a")
    const progress = makeProgress(Object.keys(policies))
    const running = yield* Effect.try({
      try: () => Simulator.run({ ...scenario, duration, seed, policies, onProgress: progress.onProgress }),
      catch: (error) => refused(error, sources)
    })
    const reports = yield* Effect.ensuring(running, progress.end)
    const seconds = Duration.toSeconds(duration)
    const simulation: Simulation = {
      version: 1,
      scenario: name,
      description: scenario.description,
      seed,
      seconds,
      warmUp: Duration.toSeconds(warmUp),
      troubles: scenario.server.troubles
        .map(({ from, to }) => ({ from: from / 1000, to: Math.min(to / 1000, seconds) }))
        .filter(({ from }) => from < seconds),
      policies: reports
    }
    yield* write(process.stdout, outputOf(simulation, options.json))
    if (html !== undefined && page !== undefined) yield* save("--html", html, page.reportPage(simulation), "w")
  })
).pipe(
  Command.withDescription(
    described(
      "Simulates a day of traffic within seconds: what the clients of a policy do to a server, and to each other. It makes no calls.",
      {
        examples: [
          "simulate --scenario outage",
          "simulate --scenario limit --policies sdk,toolkit --rate 20 --workers 200 --html report.html",
          "simulate --scenario classes --json"
        ]
      }
    )
  )
)
