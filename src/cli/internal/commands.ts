/**
 * The commands of the program, with their options and exit codes.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as DefaultServices from "effect/DefaultServices"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { readFileSync } from "node:fs"
import { stripVTControlCharacters } from "node:util"
import { agentic, batchSubmission, interactive, largeModel } from "../../Workload.js"
import * as Doctor from "../Doctor.js"
import { dashboards } from "./dashboards/dashboardsCommand.js"
import { lab } from "./lab/command.js"
import { simulate } from "./simulate/simulateCommand.js"
import {
  badUsage,
  described,
  Failed,
  isColoured,
  messageOf,
  name,
  refused,
  timeOf,
  variable,
  write
} from "./terminal.js"

// --- The terminal ------------------------------------------------------------------------------------

/** Runs an effect with a console that omits colours if the output is not a terminal. */
const withPlainConsole = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  const console = Context.get(DefaultServices.liveServices, Console.Console)
  const print = (stream: NodeJS.WriteStream) => (args: ReadonlyArray<unknown>) => {
    const text = args
      .map(String)
      .join(" ")
      .trimEnd()
      .replace(/^\$ (?=dashboards |doctor |lab |simulate )/m, `$$ ${name} `)
    return write(stream, `${isColoured(stream) ? text : stripVTControlCharacters(text)}\n`)
  }
  const [log, error] = [print(process.stdout), print(process.stderr)]
  return Effect.withConsole(effect, {
    ...console,
    log: (...args) => log(args),
    error: (...args) => error(args)
  })
}

/** Writes the current step to the error output: on a terminal in one line that is overwritten, else one line each. */
const progress = {
  step: (step: string) =>
    write(process.stderr, process.stderr.isTTY ? `\r\u001b[2Kchecking ${step} …` : `checking ${step}\n`),
  end: Effect.suspend(() => (process.stderr.isTTY ? write(process.stderr, "\r\u001b[2K") : Effect.void))
}

// --- doctor --------------------------------------------------------------------------------------------

const text = (option: string, description: string) =>
  Options.text(option).pipe(Options.withDescription(description), Options.optional)

const workloads = { interactive, agentic, largeModel, batchSubmission } as const

const doctor = Command.make(
  "doctor",
  {
    url: text("url", "the base URL of the API; by default FIREWORKS_BASE_URL, then https://api.fireworks.ai"),
    model: text("model", "the model to call for one token; needs FIREWORKS_API_KEY"),
    deployment: text(
      "deployment",
      "the deployment to call and to read the metrics of: its full name, or its id in FIREWORKS_ACCOUNT_ID; needs FIREWORKS_API_KEY"
    ),
    timeout: Options.text("timeout").pipe(
      Options.withDescription("the time for each step, such as 500ms, 30s or 2m; by default 10s"),
      Options.withDefault("10s")
    ),
    workload: Options.choice("workload", Struct.keys(workloads)).pipe(
      Options.withDescription("the workload whose limits the report shows; by default interactive"),
      Options.withDefault("interactive")
    ),
    prefix: text(
      "prefix",
      "the prefix of the variables of the workload and the limiter, such as CHAT; by default none"
    ),
    json: Options.boolean("json").pipe(Options.withDescription("print the report as one JSON object"))
  },
  (options) =>
    Effect.gen(function* () {
      const key = variable("FIREWORKS_API_KEY")
      const needsKey = (["model", "deployment"] as const).find((option) => Option.isSome(options[option]))
      if (key === undefined && needsKey !== undefined) {
        return yield* badUsage(`--${needsKey} needs a key: set the variable FIREWORKS_API_KEY`)
      }
      const timeout = yield* timeOf("--timeout", options.timeout)
      const examination = yield* Effect.try({
        try: () =>
          Doctor.examine({
            url: Option.getOrUndefined(options.url) ?? variable("FIREWORKS_BASE_URL")?.trim(),
            apiKey: key === undefined ? undefined : Redacted.make(key),
            accountId: variable("FIREWORKS_ACCOUNT_ID")?.trim(),
            controlUrl: variable("FIREWORKS_CONTROL_URL")?.trim(),
            model: Option.getOrUndefined(options.model),
            deployment: Option.getOrUndefined(options.deployment),
            timeout,
            workload: workloads[options.workload],
            prefix: Option.getOrUndefined(options.prefix),
            onStep: progress.step
          }),
        catch: (error) =>
          refused(error, {
            url: Option.isSome(options.url) ? "--url" : "FIREWORKS_BASE_URL",
            accountId: "FIREWORKS_ACCOUNT_ID",
            controlUrl: "FIREWORKS_CONTROL_URL",
            model: "--model",
            deployment: "--deployment",
            timeout: "--timeout"
          })
      })
      const report = yield* Effect.ensuring(examination, progress.end)
      const json = Schema.encodeSync(Doctor.Report)(report)
      yield* write(
        process.stdout,
        options.json
          ? `${JSON.stringify(json, null, 2)}\n`
          : Doctor.render(report, { colour: isColoured(process.stdout) })
      )
      const status = Doctor.exitStatus(report)
      if (status !== 0) return yield* new Failed({ status, text: undefined })
    })
).pipe(
  Command.withDescription(
    described("Checks each step of a call to the API, and reports which one fails, on whose side, and what to do.", {
      examples: ["doctor", "doctor --model accounts/fireworks/models/… --timeout 30s", "doctor --json"],
      bad: "a problem was found"
    })
  )
)

// --- The table -----------------------------------------------------------------------------------------

const commands = Command.make(name).pipe(
  Command.withDescription(
    "Checks calls to model APIs, shows how they end when something goes wrong, simulates traffic, and prints dashboards."
  ),
  Command.withSubcommands([doctor, lab, simulate, dashboards])
)

const version = (): string => {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"))
  return Schema.decodeUnknownSync(Schema.Struct({ version: Schema.String }))(manifest).version
}

/** Runs the command of the arguments, and succeeds with the exit code. Without arguments it prints the help. */
const program = (argv: ReadonlyArray<string>): Effect.Effect<number> =>
  Command.run(commands, { name, version: version() })(argv.length > 2 ? argv : [...argv, "--help"]).pipe(
    Effect.as(0),
    Effect.catchAll((error) => {
      // its message has been printed
      if (ValidationError.isValidationError(error)) return Effect.succeed(2)
      if (error._tag !== "Failed") return Effect.succeed(1)
      const { status, text } = error
      return Effect.as(text === undefined ? Effect.void : write(process.stderr, `${name}: ${text}\n`), status)
    }),
    Effect.catchAllDefect((defect) =>
      Effect.as(
        write(process.stderr, `${name}: the program itself failed, please report it: ${messageOf(defect)}\n`),
        70
      )
    ),
    withPlainConsole,
    Effect.provide(NodeContext.layer)
  )

/** Runs the program, and ends the process. */
export const main = (): void =>
  NodeRuntime.runMain(program(process.argv), {
    disableErrorReporting: true,
    teardown: (exit, end) => {
      const status = Exit.match(exit, {
        onSuccess: (status) => (typeof status === "number" ? status : 0),
        onFailure: (cause) => (Cause.isInterruptedOnly(cause) ? 130 : 70)
      })
      process.exitCode = status
      end(status)
      // an interrupted DNS lookup would keep the process alive
      process.exit(status)
    }
  })
