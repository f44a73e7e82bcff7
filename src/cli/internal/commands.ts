/**
 * The commands, their options, and what becomes of them.
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
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { stripVTControlCharacters } from "node:util"
import * as Doctor from "../Doctor.js"
import { lab } from "./lab/command.js"
import { badUsage, described, Failed, isColoured, name, refused, said, variable, write } from "./terminal.js"

// --- The terminal ------------------------------------------------------------------------------------

/** The console, without colours where they are of no use. */
const plainly = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  const console = Context.get(DefaultServices.liveServices, Console.Console)
  const printed = (stream: NodeJS.WriteStream) => (args: ReadonlyArray<unknown>) => {
    const text = args
      .map(String)
      .join(" ")
      .trimEnd()
      .replace(/^\$ (?=doctor |lab )/m, `$$ ${name} `)
    return write(stream, `${isColoured(stream) ? text : stripVTControlCharacters(text)}\n`)
  }
  const [log, error] = [printed(process.stdout), printed(process.stderr)]
  return Effect.withConsole(effect, {
    ...console,
    log: (...args) => log(args),
    error: (...args) => error(args)
  })
}

/** Tells on the error output what is being tried: in one line that changes on a terminal, else line by line. */
const progress = {
  step: (step: string) =>
    write(process.stderr, process.stderr.isTTY ? `\r\u001b[2Ktrying ${step} …` : `trying ${step}\n`),
  end: Effect.suspend(() => (process.stderr.isTTY ? write(process.stderr, "\r\u001b[2K") : Effect.void))
}

// --- doctor --------------------------------------------------------------------------------------------

const units: Readonly<Record<string, string>> = { "": "seconds", ms: "millis", s: "seconds", m: "minutes" }

const timeOf = (text: string): Effect.Effect<Duration.Duration, Failed> => {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|)$/.exec(text.trim()) ?? []
  const decoded = Duration.decodeUnknown(amount === undefined ? text : `${amount} ${units[unit]}`)
  return Option.match(decoded, {
    onNone: () => Effect.fail(badUsage(`--timeout is "${text}"; it must be a time such as 10s, 500ms or 2m`)),
    onSome: Effect.succeed
  })
}

const text = (option: string, description: string) =>
  Options.text(option).pipe(Options.withDescription(description), Options.optional)

const doctor = Command.make(
  "doctor",
  {
    url: text("url", "where the API is; else FIREWORKS_BASE_URL, else https://api.fireworks.ai"),
    model: text("model", "the model whose first token is waited for"),
    deployment: text(
      "deployment",
      "the deployment that is tried, and whose metrics are read: in full, or its id, of FIREWORKS_ACCOUNT_ID"
    ),
    timeout: Options.text("timeout").pipe(
      Options.withDescription("the time for each step, such as 500ms, 30s or 2m; 10s where none is given"),
      Options.withDefault("10s")
    ),
    json: Options.boolean("json").pipe(Options.withDescription("print the report as one JSON object"))
  },
  (given) =>
    Effect.gen(function* () {
      const key = variable("FIREWORKS_API_KEY")
      const timeout = yield* timeOf(given.timeout)
      const examination = yield* Effect.try({
        try: () =>
          Doctor.examine({
            url: Option.getOrUndefined(given.url) ?? variable("FIREWORKS_BASE_URL")?.trim(),
            apiKey: key === undefined ? undefined : Redacted.make(key),
            accountId: variable("FIREWORKS_ACCOUNT_ID")?.trim(),
            controlUrl: variable("FIREWORKS_CONTROL_URL")?.trim(),
            model: Option.getOrUndefined(given.model),
            deployment: Option.getOrUndefined(given.deployment),
            timeout,
            onStep: progress.step
          }),
        catch: (error) =>
          refused(error, {
            url: Option.isSome(given.url) ? "--url" : "FIREWORKS_BASE_URL",
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
        given.json
          ? `${JSON.stringify(json, null, 2)}\n`
          : Doctor.render(report, { colour: isColoured(process.stdout) })
      )
      const status = Doctor.exitStatus(report)
      if (status !== 0) return yield* new Failed({ status, text: undefined })
    })
).pipe(
  Command.withDescription(
    described("Finds out why calls to the API fail from here, on whose side, and what to do.", {
      examples: ["doctor", "doctor --model accounts/fireworks/models/… --timeout 30s", "doctor --json"],
      bad: "a problem was found"
    })
  )
)

// --- The table -----------------------------------------------------------------------------------------

const commands = Command.make(name, {}, () =>
  Effect.fail(badUsage(`say what to do; ${name} --help tells what there is`))
).pipe(Command.withSubcommands([doctor, lab]))

const version = (): string => {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"))
  return Schema.decodeUnknownSync(Schema.Struct({ version: Schema.String }))(manifest).version
}

/** Runs what the arguments say; succeeds with the exit status: 0, 1 for a finding, 2 for bad usage, 70 for a fault in here. */
const program = (argv: ReadonlyArray<string>): Effect.Effect<number> =>
  Command.run(commands, { name, version: version() })(argv).pipe(
    Effect.as(0),
    Effect.catchAll((error) => {
      // what it has to say about usage, it has said
      if (ValidationError.isValidationError(error)) return Effect.succeed(2)
      if (error._tag !== "Failed") return Effect.succeed(1)
      const { status, text } = error
      return Effect.as(text === undefined ? Effect.void : write(process.stderr, `${name}: ${text}\n`), status)
    }),
    Effect.catchAllDefect((defect) =>
      Effect.as(write(process.stderr, `${name}: this is a fault of the program itself: ${said(defect)}\n`), 70)
    ),
    plainly,
    Effect.provide(NodeContext.layer)
  )

/** Runs what the process was asked, and ends it. */
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
      // a name lookup that was given up may still be going on
      process.exit(status)
    }
  })
