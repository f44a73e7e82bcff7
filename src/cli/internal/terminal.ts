/**
 * What the commands share: how they write, what they read of the environment, and how they fail.
 *
 * @since 0.1.0
 */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import process from "node:process"

/** The program, as it is called. */
export const name = "effect-reliability"

/** What a command is for, how it is called, and what it ends with. */
export const described = (
  what: string,
  { bad, examples }: { readonly examples: ReadonlyArray<string>; readonly bad: string }
): HelpDoc.HelpDoc =>
  HelpDoc.blocks([
    HelpDoc.p(what),
    HelpDoc.p("Examples:"),
    ...examples.map((example) => HelpDoc.p(`npx ${name} ${example}`)),
    HelpDoc.p(
      `Ends with 0 where all is well, 1 where ${bad}, 2 where it was called in a way that it does not understand, 70 by a fault of its own, and 130 where it was interrupted.`
    )
  ])

/** What a command fails with: the exit status, and what is printed with it. */
export class Failed extends Data.TaggedError("Failed")<{
  readonly status: number
  readonly text: string | undefined
}> {}

export const badUsage = (text: string): Failed => new Failed({ status: 2, text })

export const isColoured = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb"

/** Those whose readers may leave. */
const guarded = new WeakSet<NodeJS.WriteStream>()

/** Writes, and waits until it is written: a process that exits loses what is not. */
export const write = (stream: NodeJS.WriteStream, text: string): Effect.Effect<void> =>
  Effect.async((resume) => {
    // whoever reads may have left, which the callback is told too
    if (!guarded.has(stream)) stream.on("error", () => {})
    guarded.add(stream)
    stream.write(text, () => resume(Effect.void))
  })

/** A variable of the environment; one that is set to nothing is as good as none. */
export const variable = (variable: string): string | undefined => {
  const value = process.env[variable]
  return value === undefined || value.trim() === "" ? undefined : value
}

/** What went wrong, in its own words. */
export const said = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Bad usage that an option was refused for, which is told by where it was given: an option, or a variable. */
export const refused = (error: unknown, sources: Readonly<Record<string, string>>): Failed =>
  badUsage(said(error).replace(/^\w+\.\w+: (\w+)/, (_, option: string) => sources[option] ?? option))
