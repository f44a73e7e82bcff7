/**
 * Shows how calls end when something goes wrong, on real sockets, in under a minute.
 *
 * A server on this machine fails in each way that the provider's guide lists. Each of the four workloads calls it, and the
 * official `openai` package makes the same call with its default retries, if it is installed. All times are divided by
 * `scale`, except for the backoff of the `openai` package, which cannot be changed.
 *
 * The lab is also a test: each line has an expected outcome, and the client's counts must agree with the server's.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { baseUrlFrom } from "../../../fireworks/internal/settings.js"
import { oneOf, refuse } from "../../../internal/options.js"
import { live } from "./live.js"
import type { Deliveries, Event, Line, MatrixRow, Report, Run, Summary, Totals, WorkloadName } from "./model.js"
import { page as pageOf } from "./page.js"
import { experiments, isLawful } from "./run.js"
import { reportText } from "./text.js"

// -------------------------------------------------------------------------------------------------
// Model
// -------------------------------------------------------------------------------------------------

/** Options of `run`. */
export interface Options {
  /** The only workload to call under. @default all four */
  readonly only?: WorkloadName | undefined
  /** Called with each event of the run. @default nothing */
  readonly onEvent?: ((event: Event) => void) | undefined
}

/** Options of `runLive`. */
export interface LiveOptions extends Options {
  readonly apiKey: Redacted.Redacted
  /** The model to call, for one token. */
  readonly model: string
  /** The base URL of the API, without `/inference/v1`. @default "https://api.fireworks.ai" */
  readonly url?: string | undefined
}

// -------------------------------------------------------------------------------------------------
// run
// -------------------------------------------------------------------------------------------------

const names: ReadonlyArray<WorkloadName> = ["interactive", "agentic", "largeModel", "batchSubmission"]

const workloadsOf = (owner: string, only: WorkloadName | undefined): ReadonlyArray<WorkloadName> =>
  only === undefined ? names : [oneOf(owner, "only", only, names)]

/**
 * Makes every call of the lab against servers of its own on the loopback interface. It succeeds even if calls fail.
 *
 * It takes about half a minute, because some calls wait for timeouts of many minutes, divided by `scale`.
 */
export const run = (options: Options = {}): Effect.Effect<Report> =>
  experiments(workloadsOf("Lab.run", options.only), options.onEvent ?? (() => {}))

/**
 * Makes calls without a fault against the real API: the list of models, and a chat of one token, complete and streamed, under
 * each workload except `batchSubmission`, which would create a batch. If no request for the list of models can be sent, the
 * other calls are left out.
 */
export const runLive = (options: LiveOptions): Effect.Effect<Report> => {
  const owner = "Lab.runLive"
  const { apiKey, model, onEvent = () => {}, url = "https://api.fireworks.ai" } = options
  const base = baseUrlFrom(owner, "url", url)
  if (!/^[\w.#/@:-]{1,256}$/.test(model)) {
    refuse(owner, "model", model, "a name of letters, digits, dots, dashes and slashes")
  }
  const workloads = workloadsOf(owner, options.only).filter((name) => name !== "batchSubmission")
  return live({ apiKey, model, base, workloads, onEvent })
}

// -------------------------------------------------------------------------------------------------
// summary
// -------------------------------------------------------------------------------------------------

const totalsOf = (lines: ReadonlyArray<Line>, of: (line: Line) => Run | undefined): Totals => {
  const runs = lines.flatMap((line) => {
    const run = of(line)
    return run === undefined ? [] : [{ ...line, run }]
  })
  const count = (is: (one: (typeof runs)[number]) => boolean): number => runs.filter(is).length
  return {
    calls: runs.length,
    succeeded: count(({ run, truncated }) => run.ok && !truncated),
    truncated: count(({ run, truncated }) => run.ok && truncated),
    requests: runs.reduce((sum, { run }) => sum + (run.arrived?.length ?? 0), 0),
    duplicates: count(({ run, workload }) => workload === "batchSubmission" && run.executed > 1)
  }
}

/** The totals of both clients. */
const sidesOf = (lines: ReadonlyArray<Line>): Pick<Summary, "ours" | "theirs"> => ({
  ours: totalsOf(lines, ({ ours }) => ours),
  theirs: lines.some(({ theirs }) => theirs !== undefined) ? totalsOf(lines, ({ theirs }) => theirs) : undefined
})

const matrixOf = (lines: ReadonlyArray<Line>): ReadonlyArray<MatrixRow> =>
  [...new Set(lines.map(({ fault }) => fault))].map((fault) => {
    const same = lines.filter((line) => line.fault === fault)
    return {
      fault,
      mustSucceed: same.filter(({ mustFail }) => !mustFail).length,
      met: same.every(({ met }) => met),
      ...sidesOf(same)
    }
  })

const total = (all: ReadonlyArray<Deliveries>, of: keyof Deliveries): number =>
  all.reduce((sum, one) => sum + one[of], 0)

/** Adds up the lines of a report. */
export const summary = ({ lines }: Report): Summary => {
  const known = lines.flatMap(({ counted, ours }) => (ours.arrived === undefined ? [] : [{ counted, ...ours }]))
  const all = lines.map(({ counted }) => counted)
  return {
    calls: lines.length,
    unmet: lines.filter(({ met }) => !met).length,
    mustFail: lines.filter(({ mustFail }) => mustFail).length,
    ...sidesOf(lines),
    matrix: matrixOf(lines),
    law:
      known.length === 0
        ? undefined
        : {
            counted: {
              acknowledged: total(all, "acknowledged"),
              partial: total(all, "partial"),
              unconfirmed: total(all, "unconfirmed"),
              notSent: total(all, "notSent")
            },
            arrived: known.reduce((sum, { arrived = [] }) => sum + arrived.length, 0),
            holds: known.every(({ arrived = [], counted }) => isLawful(counted, arrived.length))
          }
  }
}

/** Returns the exit code for a report: 0 if all outcomes are the expected ones and the dashboard law holds, else 1. */
export const exitStatus = (report: Report): 0 | 1 => {
  const { law, unmet } = summary(report)
  return unmet === 0 && law?.holds !== false ? 0 : 1
}

// -------------------------------------------------------------------------------------------------
// render
// -------------------------------------------------------------------------------------------------

/** Formats a report as lines of text. */
export const render = (report: Report, options: { readonly colour?: boolean | undefined } = {}): string =>
  reportText(report, summary(report), options.colour ?? false)

/** Formats a report as one HTML page without scripts, fonts or images of other files. */
export const page = (report: Report): string => pageOf(report, summary(report))
