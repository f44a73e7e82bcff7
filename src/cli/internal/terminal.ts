/**
 * Output, environment variables and errors, as all commands use them.
 *
 * @since 0.1.0
 */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { writeFile } from "node:fs/promises"
import process from "node:process"

/** The name of the program. */
export const name = "effect-reliability"

/** Describes a command: its purpose, examples, and exit codes. */
export const described = (
  purpose: string,
  { bad, examples }: { readonly examples: ReadonlyArray<string>; readonly bad?: string | undefined }
): HelpDoc.HelpDoc =>
  HelpDoc.blocks([
    HelpDoc.p(purpose),
    HelpDoc.p("Examples:"),
    ...examples.map((example) => HelpDoc.p(`npx ${name} ${example}`)),
    HelpDoc.p(
      `Exit codes: 0 for success, ${bad === undefined ? "" : `1 if ${bad}, `}2 for wrong usage, 70 if the program itself fails, 130 if it is interrupted.`
    )
  ])

/** The error of a command: the exit code, and a message to print. */
export class Failed extends Data.TaggedError("Failed")<{
  readonly status: number
  readonly text: string | undefined
}> {}

export const badUsage = (text: string): Failed => new Failed({ status: 2, text })

export const isColoured = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb"

/** The streams whose errors are ignored: a reader that closes a pipe is not an error. */
const guarded = new WeakSet<NodeJS.WriteStream>()

/** Writes text, and waits until it is written: when a process exits, unwritten output is lost. */
export const write = (stream: NodeJS.WriteStream, text: string): Effect.Effect<void> =>
  Effect.async((resume) => {
    // the callback of `write` is called after an error, too
    if (!guarded.has(stream)) stream.on("error", () => {})
    guarded.add(stream)
    stream.write(text, () => resume(Effect.void))
  })

/** Returns a variable of the environment, or undefined if it is not set or blank. */
export const variable = (variable: string): string | undefined => {
  const value = process.env[variable]
  return value === undefined || value.trim() === "" ? undefined : value
}

/** Returns the message of an error. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Makes the error for an invalid option, which names the option or variable that it came from. */
export const refused = (error: unknown, sources: Readonly<Record<string, string>>): Failed =>
  badUsage(messageOf(error).replace(/^\w+\.\w+: (\w+)/, (_, option: string) => sources[option] ?? option))

const units: Readonly<Record<string, string>> = { "": "seconds", ms: "millis", s: "seconds", m: "minutes", h: "hours" }

/** Returns the time that an option gives, such as `10s`. */
export const timeOf = (option: string, text: string): Effect.Effect<Duration.Duration, Failed> => {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|)$/.exec(text.trim()) ?? []
  const decoded = Duration.decodeUnknown(amount === undefined ? text : `${amount} ${units[unit]}`)
  return Option.match(decoded, {
    onNone: () => Effect.fail(badUsage(`${option} is "${text}"; it must be a time such as 10s, 500ms or 2m`)),
    onSome: Effect.succeed
  })
}

/** Writes the file of an option. */
export const save = (option: string, file: string, content: string, flag: "a" | "w"): Effect.Effect<void, Failed> =>
  Effect.tryPromise({
    try: () => writeFile(file, content, { flag }),
    catch: (error) => badUsage(`${option}: ${messageOf(error)}`)
  })
