/**
 * The command `lab`.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { writeFile } from "node:fs/promises"
import { performance } from "node:perf_hooks"
import process from "node:process"
import { badUsage, described, Failed, isColoured, refused, said, variable, write } from "../terminal.js"
import * as Lab from "./lab.js"
import type { Event, Report } from "./model.js"
import { scale } from "./run.js"
import { boardAfter, boardText, emptyBoard, headText, linesText, paintOf, summaryText } from "./text.js"

const defaultModel = "accounts/fireworks/models/gpt-oss-20b"

/** Writes what is there, and on a terminal, beneath it, what goes on. */
const screen = (server: string, scale: number) => {
  const out = process.stdout
  const paint = paintOf(isColoured(out))
  let board = emptyBoard
  let pending: Array<string> = []
  let fault: string | undefined
  let drawn = 0
  const taken = (): string => {
    const text = pending.map((line) => `${line.trimEnd()}\n`).join("")
    pending = []
    return text
  }
  const draw = Effect.suspend(() => {
    const erase = drawn === 0 ? "" : `\u001b[${drawn}A\u001b[J`
    const now = out.isTTY ? boardText(board, performance.now(), out.columns || 80, paint) : []
    drawn = now.length
    const text = erase + taken() + now.map((line) => `${line}\n`).join("")
    return text === "" ? Effect.void : write(out, text)
  })
  return {
    onEvent: (event: Event): void => {
      board = boardAfter(board, event, performance.now())
      if (event._tag === "Planned") pending.push(...headText(event.calls, scale, server, event.openai))
      if (event._tag !== "Seen") return
      pending.push(...linesText([event.line], fault, { paint, columns: out.isTTY ? out.columns || 80 : undefined }))
      fault = event.line.fault
    },
    drawing: Effect.repeat(draw, Schedule.spaced(Duration.millis(120))),
    /** Leaves the report alone. */
    end: (report: Report) =>
      Effect.suspend(() => {
        const erase = drawn === 0 ? "" : `\u001b[${drawn}A\u001b[J`
        pending.push(...summaryText(Lab.summary(report), report, paint))
        return write(out, erase + taken())
      })
  }
}

const text = (option: string, description: string) =>
  Options.text(option).pipe(Options.withDescription(description), Options.optional)

const saved = (file: string, content: string, flag: "a" | "w"): Effect.Effect<void, Failed> =>
  Effect.tryPromise({
    try: () => writeFile(file, content, { flag }),
    catch: (error) => badUsage(`--html: ${said(error)}`)
  })

const settings = {
  only: Options.choice("only", ["interactive", "agentic", "largeModel", "batchSubmission"]).pipe(
    Options.withDescription("one workload alone"),
    Options.optional
  ),
  html: text("html", "a file for the report as a page"),
  json: Options.boolean("json").pipe(Options.withDescription("print the report as one JSON object")),
  live: Options.boolean("live").pipe(
    Options.withDescription("make the healthy calls against the real API, with FIREWORKS_API_KEY; one token each")
  ),
  model: Options.text("model").pipe(
    Options.withDescription("the model that is asked, with --live"),
    Options.withDefault(defaultModel)
  ),
  url: text("url", "where the API is, with --live; else FIREWORKS_BASE_URL, else https://api.fireworks.ai")
}

export const lab = Command.make("lab", settings, (given) =>
  Effect.gen(function* () {
    const html = Option.getOrUndefined(given.html)
    const only = Option.getOrUndefined(given.only)
    const url = Option.getOrUndefined(given.url) ?? variable("FIREWORKS_BASE_URL")?.trim() ?? "https://api.fireworks.ai"
    const key = variable("FIREWORKS_API_KEY")
    if (given.live && key === undefined) {
      return yield* badUsage("--live needs the variable FIREWORKS_API_KEY")
    }
    // whoever cannot write there wants to know now
    if (html !== undefined) yield* saved(html, "", "a")
    const shown = given.live ? screen(url, 1) : screen("servers on this machine", scale)
    const onEvent = given.json ? undefined : shown.onEvent
    const running = yield* Effect.try({
      try: () =>
        given.live
          ? Lab.runLive({ apiKey: Redacted.make(key ?? ""), model: given.model, url, only, onEvent })
          : Lab.run({ only, onEvent }),
      catch: (error) =>
        refused(error, { url: Option.isSome(given.url) ? "--url" : "FIREWORKS_BASE_URL", model: "--model" })
    })
    // the drawing never ends by itself
    const report = yield* given.json
      ? running
      : Effect.raceFirst(running, shown.drawing.pipe(Effect.zipRight(Effect.never)))
    yield* given.json ? write(process.stdout, `${JSON.stringify(report, null, 2)}\n`) : shown.end(report)
    if (html !== undefined) yield* saved(html, Lab.page(report), "w")
    const status = Lab.exitStatus(report)
    if (status !== 0) return yield* new Failed({ status, text: undefined })
  })
).pipe(
  Command.withDescription(
    described("Shows what becomes of calls when something goes wrong, and holds it against what must come of them.", {
      examples: ["lab", "lab --only interactive --html lab.html", "lab --live"],
      bad: "an outcome is not as expected"
    })
  )
)
