/**
 * Runs the scenarios of the lab under the workloads, many at a time.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { performance } from "node:perf_hooks"
import * as FaultServer from "../../../testing/FaultServer.js"
import { call, workloads } from "./toolkitClient.js"
import { type Expected, type Scenario, scenarios, type Time } from "./scenarios.js"
import { type OpenaiCall, openaiCall } from "./openaiClient.js"
import type { Deliveries, Event, Line, Report, Run, WorkloadName } from "./model.js"

export const scale = 100

const time: Time = (duration) => Duration.times(Duration.decode(duration), 1 / scale)

interface Cell {
  readonly scenario: Scenario
  readonly workload: WorkloadName
  readonly expected: Expected
}

/** Returns the calls to make: each scenario under each workload, except for streams of batch submissions. */
export const cellsOf = (names: ReadonlyArray<WorkloadName>): ReadonlyArray<Cell> =>
  scenarios.flatMap((scenario) =>
    names
      .filter((name) => scenario.stream === undefined || name !== "batchSubmission")
      .map((workload) => ({ scenario, workload, expected: scenario.exceptions?.[workload] ?? scenario.expected }))
  )

const describeExpected = ({ delivery, outcome, requests }: Expected): string =>
  `${outcome}${delivery === undefined ? "" : `, ${delivery}`}, ${requests} ${requests === 1 ? "request" : "requests"}`

/**
 * Checks the dashboard law: a server sees each attempt that is acknowledged or partial, at most those that are unconfirmed
 * besides, and none that was not sent.
 */
export const isLawful = ({ acknowledged, partial, unconfirmed }: Deliveries, arrived: number): boolean =>
  arrived >= acknowledged + partial && arrived <= acknowledged + partial + unconfirmed

export const isMet = (expected: Expected, run: Run, counted: Deliveries): boolean =>
  run.outcome === expected.outcome &&
  (expected.delivery === undefined || run.delivery === expected.delivery) &&
  run.arrived?.length === expected.requests &&
  isLawful(counted, expected.requests)

/** Runs a call against a server with the scenario's fault, and returns what the server received. */
const against = <A>(
  { closed, executed, script }: Scenario,
  use: (origin: string) => Effect.Effect<A, never, Scope.Scope>
): Effect.Effect<{
  readonly result: A
  readonly server: Pick<Run, "arrived" | "executed">
  readonly openai: string | undefined
}> =>
  Effect.scoped(
    Effect.gen(function* () {
      const faults = script(time)
      const server = yield* FaultServer.make({ script: faults })
      if (closed === true) yield* server.down
      const result = yield* Effect.scoped(use(server.origin))
      const requests = yield* server.requests
      const refused = executed ? 0 : Math.min(requests.length, faults.length)
      return {
        result,
        server: { arrived: requests.map(({ status }) => status), executed: requests.length - refused },
        openai: requests[0]?.headers["x-stainless-package-version"]
      }
    })
  )

/** The time limit of a call of the `openai` package: twice the deadline, within the time limit of the lab. */
const maxMillisOf = (name: WorkloadName): number =>
  Math.min(22_000, Math.max(5000, 2 * Duration.toMillis(time(workloads[name].deadline))))

const lineOf = (
  { expected, scenario, workload }: Cell,
  openaiCall: OpenaiCall | undefined,
  onEvent: (event: Event) => void
): Effect.Effect<{ readonly line: Line; readonly openai: string | undefined }> => {
  const { fault, rule } = scenario
  const stream = scenario.stream === true
  const ours = against(scenario, (origin) =>
    call(origin, workload, stream, time, (segments) =>
      onEvent({ _tag: "Progressed", fault, workload, segments: [...segments] })
    )
  )
  const timeout = Duration.toMillis(time(workloads[workload].timeouts.attempt))
  const theirs =
    openaiCall === undefined
      ? Effect.succeed(undefined)
      : against(scenario, (origin) =>
          openaiCall({ origin, name: workload, stream, timeout, maxMillis: maxMillisOf(workload) })
        )
  return Effect.map(Effect.all([ours, theirs], { concurrency: 2 }), ([ours, theirs]) => {
    const run: Run = { ...ours.result.run, ...ours.server }
    const { counted } = ours.result
    const line: Line = {
      fault,
      rule,
      workload,
      truncated: scenario.truncated === true,
      ours: run,
      theirs: theirs && { ...theirs.result, ...theirs.server },
      counted,
      expected: describeExpected(expected),
      mustFail: expected.outcome !== "success",
      met: isMet(expected, run, counted),
      again: false
    }
    return { line, openai: theirs?.openai }
  })
}

/** The time between the starts of two slow calls: calls that all start at once delay each other. */
const spacing = 60

export const experiments = (
  names: ReadonlyArray<WorkloadName>,
  onEvent: (event: Event) => void
): Effect.Effect<Report> =>
  Effect.gen(function* () {
    const at = yield* Clock.currentTimeMillis
    const since = performance.now()
    const openaiClient = yield* openaiCall
    const cells = cellsOf(names)
    let openai: string | undefined
    onEvent({ _tag: "Planned", calls: cells.length, openai: openaiClient !== undefined })

    // the first call of a process loads and compiles code for a second, which would hide the backoff in its timeline
    const quickCells = cells.filter(({ scenario }) => scenario.slow !== true)
    const warmUp = [...quickCells.slice(0, 2 * names.length), ...quickCells.slice(-names.length)]
    yield* Effect.forEach(warmUp, (cell) => lineOf(cell, openaiClient, () => {}), { concurrency: 4, discard: true })

    const attempt = (cell: Cell) => {
      const { fault } = cell.scenario
      const { workload } = cell
      return Effect.suspend(() => {
        onEvent({ _tag: "Began", fault, workload })
        return lineOf(cell, openaiClient, onEvent)
      }).pipe(
        Effect.tap((made) => {
          openai ??= made.openai
          onEvent({ _tag: "Ended", fault, workload })
        })
      )
    }
    const numbered = cells.map((cell, index) => ({ cell, index }))
    const unmet: Array<(typeof numbered)[number]> = []
    const lines: Array<Line> = []
    const once = (one: (typeof numbered)[number]) =>
      Effect.map(attempt(one.cell), ({ line }) => {
        if (line.met) lines[one.index] = line
        else unmet.push(one)
      })
    // calls that wait for minutes wait at the same time, and the others start once these have begun to wait
    const slow = numbered.filter(({ cell }) => cell.scenario.slow === true)
    const quick = numbered.filter(({ cell }) => cell.scenario.slow !== true)
    yield* Effect.all(
      [
        Effect.forEach(slow, (one, index) => Effect.delay(once(one), spacing * index), { concurrency: "unbounded" }),
        Effect.delay(Effect.forEach(quick, once, { concurrency: 4 }), spacing * slow.length)
      ],
      { concurrency: 2, discard: true }
    )
    yield* Effect.forEach(unmet, ({ cell, index }) =>
      Effect.map(
        Effect.repeat(attempt(cell), { until: ({ line }) => line.met, times: 2 }),
        ({ line }) => void (lines[index] = { ...line, again: true })
      )
    )
    return {
      version: 1,
      scale,
      server: "servers on this machine",
      at,
      millis: performance.now() - since,
      openai,
      lines
    }
  })
