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
import { performance } from "node:perf_hooks"
import process from "node:process"
import { paintOf } from "../format.js"
import { badUsage, described, Failed, isColoured, refused, save, variable, write } from "../terminal.js"
import * as Lab from "./lab.js"
import type { Event, Report } from "./model.js"
import { scale } from "./run.js"
import { boardAfter, boardText, bodyText, emptyBoard, headText } from "./text.js"

const defaultModel = "accounts/fireworks/models/gpt-oss-20b"

/** Shows the progress of the lab on a terminal, and prints the report. */
const makeScreen = (server: string, scale: number) => {
  const out = process.stdout
  const paint = paintOf(isColoured(out))
  let board = emptyBoard
  let pending: ReadonlyArray<string> = []
  let drawn = 0
  const flush = (): string => {
    const erase = drawn === 0 ? "" : `\u001b[${drawn}A\u001b[J`
    const text = pending.map((line) => `${line.trimEnd()}\n`).join("")
    pending = []
    return erase + text
  }
  const draw = Effect.suspend(() => {
    const before = flush()
    const now = out.isTTY ? boardText(board, performance.now(), out.columns || 80, paint) : []
    drawn = now.length
    const text = before + now.map((line) => `${line}\n`).join("")
    return text === "" ? Effect.void : write(out, text)
  })
  return {
    onEvent: (event: Event): void => {
      board = boardAfter(board, event, performance.now())
      if (event._tag === "Planned") pending = headText(event.calls, scale, server, event.openai)
    },
    drawing: Effect.repeat(draw, Schedule.spaced(Duration.millis(120))),
    /** Replaces the progress by the report. */
    end: (report: Report) =>
      Effect.suspend(() => {
        const look = { paint, columns: out.isTTY ? out.columns || 80 : undefined }
        pending = [...pending, ...bodyText(report, Lab.summary(report), look)]
        return write(out, flush())
      })
  }
}

const text = (option: string, description: string) =>
  Options.text(option).pipe(Options.withDescription(description), Options.optional)

const settings = {
  only: Options.choice("only", ["interactive", "agentic", "largeModel", "batchSubmission"]).pipe(
    Options.withDescription("the only workload to call under"),
    Options.optional
  ),
  html: text("html", "the file for the report as an HTML page"),
  json: Options.boolean("json").pipe(Options.withDescription("print the report as one JSON object")),
  live: Options.boolean("live").pipe(
    Options.withDescription(
      "make calls without a fault against the real API, of one token each; needs FIREWORKS_API_KEY"
    )
  ),
  model: Options.text("model").pipe(
    Options.withDescription("the model to call, with --live"),
    Options.withDefault(defaultModel)
  ),
  url: text("url", "the base URL of the API, with --live; by default FIREWORKS_BASE_URL, then https://api.fireworks.ai")
}

export const lab = Command.make("lab", settings, (options) =>
  Effect.gen(function* () {
    const html = Option.getOrUndefined(options.html)
    const only = Option.getOrUndefined(options.only)
    const url =
      Option.getOrUndefined(options.url) ?? variable("FIREWORKS_BASE_URL")?.trim() ?? "https://api.fireworks.ai"
    const key = variable("FIREWORKS_API_KEY")
    if (options.live && key === undefined) {
      return yield* badUsage("--live needs a key: set the variable FIREWORKS_API_KEY")
    }
    // report at once that the file cannot be written
    if (html !== undefined) yield* save("--html", html, "", "a")
    const screen = options.live ? makeScreen(url, 1) : makeScreen("servers on this machine", scale)
    const onEvent = options.json ? undefined : screen.onEvent
    const running = yield* Effect.try({
      try: () =>
        options.live
          ? Lab.runLive({ apiKey: Redacted.make(key ?? ""), model: options.model, url, only, onEvent })
          : Lab.run({ only, onEvent }),
      catch: (error) =>
        refused(error, { url: Option.isSome(options.url) ? "--url" : "FIREWORKS_BASE_URL", model: "--model" })
    })
    // drawing the progress never ends by itself
    const report = yield* options.json
      ? running
      : Effect.raceFirst(running, screen.drawing.pipe(Effect.zipRight(Effect.never)))
    yield* options.json ? write(process.stdout, `${JSON.stringify(report, null, 2)}\n`) : screen.end(report)
    if (html !== undefined) yield* save("--html", html, Lab.page(report), "w")
    const status = Lab.exitStatus(report)
    if (status !== 0) return yield* new Failed({ status, text: undefined })
  })
).pipe(
  Command.withDescription(
    described("Makes calls to a server that fails in many ways, and compares the outcomes with the expected ones.", {
      examples: ["lab", "lab --only interactive --html lab.html", "lab --live"],
      bad: "an outcome is not the expected one"
    })
  )
)
