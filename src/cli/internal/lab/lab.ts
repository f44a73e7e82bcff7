/**
 * Shows what becomes of a call when something goes wrong, on real sockets, in under a minute.
 *
 * Whoever chooses how calls are made wants to see it before an outage shows it. Here a server on this machine fails in each
 * way of the provider's guide, and each of the four workloads calls it through the whole stack; beside it goes the same call
 * through the official `openai` package with its default retries, where that is installed. Times are divided by `scale`,
 * save the backoff of the `openai` package, which cannot be.
 *
 * It is a check, too: each line says what must come of it, and what the client counted must fit what the server saw.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { baseUrlFrom } from "../../../fireworks/internal/settings.js"
import { oneOf, refuse } from "../../../internal/options.js"
import { live } from "./live.js"
import type { Deliveries, Event, Line, Report, Run, Side, Summary, WorkloadName } from "./model.js"
import { page as pageOf } from "./page.js"
import { experiments, fits } from "./run.js"
import { reportText } from "./text.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/**
 * What `run` takes.
 */
export interface Options {
  /** The one workload to try. @default all four */
  readonly only?: WorkloadName | undefined
  /** Told of what happens; what it throws is a defect. @default nothing */
  readonly onEvent?: ((event: Event) => void) | undefined
}

/**
 * What `runLive` takes.
 */
export interface LiveOptions extends Options {
  readonly apiKey: Redacted.Redacted
  /** The model that is asked for one token. */
  readonly model: string
  /** Where the API is: the part before `/inference/v1`. @default "https://api.fireworks.ai" */
  readonly url?: string | undefined
}

// -------------------------------------------------------------------------------------------------
// run
// -------------------------------------------------------------------------------------------------

const names: ReadonlyArray<WorkloadName> = ["interactive", "agentic", "largeModel", "batchSubmission"]

const chosen = (owner: string, only: WorkloadName | undefined): ReadonlyArray<WorkloadName> =>
  only === undefined ? names : [oneOf(owner, "only", only, names)]

/**
 * Makes every call of the lab against servers of its own on the loopback. Whatever becomes of them, it succeeds.
 *
 * It takes about half a minute, for the limits that are run into are those of hours.
 */
export const run = (options: Options = {}): Effect.Effect<Report> =>
  experiments(chosen("Lab.run", options.only), options.onEvent ?? (() => {}))

/**
 * Makes the healthy calls against the real API: the list of models, and a chat of one token, whole and streamed, under each
 * workload but `batchSubmission`, which would create a batch. What the server saw, and the other way, are left out. Where the
 * list of models could not even be asked for, nothing more is tried, and there are no lines of the rest.
 */
export const runLive = (options: LiveOptions): Effect.Effect<Report> => {
  const owner = "Lab.runLive"
  const { apiKey, model, onEvent = () => {}, url = "https://api.fireworks.ai" } = options
  const base = baseUrlFrom(owner, "url", url)
  if (!/^[\w.#/@:-]{1,256}$/.test(model)) {
    refuse(owner, "model", model, "a name of letters, digits, dots, dashes and slashes")
  }
  const workloads = chosen(owner, options.only).filter((name) => name !== "batchSubmission")
  return live({ apiKey, model, base, workloads, onEvent })
}

// -------------------------------------------------------------------------------------------------
// What it comes to
// -------------------------------------------------------------------------------------------------

const sideOf = (lines: ReadonlyArray<Line>, of: (line: Line) => Run | undefined): Side => {
  const runs = lines.flatMap((line) => {
    const run = of(line)
    return run === undefined ? [] : [{ ...line, run }]
  })
  const count = (is: (one: (typeof runs)[number]) => boolean): number => runs.filter(is).length
  return {
    succeeded: count(({ halved, run }) => run.ok && !halved),
    halved: count(({ halved, run }) => run.ok && halved),
    requests: runs.reduce((sum, { run }) => sum + (run.arrived?.length ?? 0), 0),
    repeated: count(({ run, workload }) => workload === "batchSubmission" && run.executed > 1)
  }
}

const total = (all: ReadonlyArray<Deliveries>, of: keyof Deliveries): number =>
  all.reduce((sum, one) => sum + one[of], 0)

/**
 * Adds a report up.
 */
export const summary = ({ lines }: Report): Summary => {
  const seen = lines.flatMap(({ counted, ours }) => (ours.arrived === undefined ? [] : [{ counted, ...ours }]))
  const all = lines.map(({ counted }) => counted)
  return {
    calls: lines.length,
    unmet: lines.filter(({ met }) => !met).length,
    hopeless: lines.filter(({ hopeless }) => hopeless).length,
    ours: sideOf(lines, ({ ours }) => ours),
    theirs: lines.some(({ theirs }) => theirs !== undefined) ? sideOf(lines, ({ theirs }) => theirs) : undefined,
    law:
      seen.length === 0
        ? undefined
        : {
            counted: {
              acknowledged: total(all, "acknowledged"),
              partial: total(all, "partial"),
              unconfirmed: total(all, "unconfirmed"),
              notSent: total(all, "notSent")
            },
            arrived: seen.reduce((sum, { arrived = [] }) => sum + arrived.length, 0),
            holds: seen.every(({ arrived = [], counted }) => fits(counted, arrived.length))
          }
  }
}

/**
 * The exit status of a process that reports: 0 where all outcomes are what they must be and the law holds, else 1.
 */
export const exitStatus = (report: Report): 0 | 1 => {
  const { law, unmet } = summary(report)
  return unmet === 0 && law?.holds !== false ? 0 : 1
}

// -------------------------------------------------------------------------------------------------
// render
// -------------------------------------------------------------------------------------------------

/**
 * Writes a report for people, as lines of text.
 */
export const render = (report: Report, options: { readonly colour?: boolean | undefined } = {}): string =>
  reportText(report, summary(report), options.colour ?? false)

/**
 * Writes a report as one HTML page that needs nothing else: no script, no font, no picture of another file.
 */
export const page = (report: Report): string => pageOf(report, summary(report))
