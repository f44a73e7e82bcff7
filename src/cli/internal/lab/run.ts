/**
 * Runs the rows of the lab under the workloads, many at a time.
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
import { type Expected, type Row, rows, type Time } from "./scenarios.js"
import { type Theirs, theirs } from "./openaiClient.js"
import type { Deliveries, Event, Line, Report, Run, WorkloadName } from "./model.js"

export const scale = 100

const time: Time = (duration) => Duration.times(Duration.decode(duration), 1 / scale)

interface Cell {
  readonly row: Row
  readonly workload: WorkloadName
  readonly expected: Expected
}

/** What is called under the workloads; batches are not streamed. */
export const cellsOf = (names: ReadonlyArray<WorkloadName>): ReadonlyArray<Cell> =>
  rows.flatMap((row) =>
    names
      .filter((name) => row.stream === undefined || name !== "batchSubmission")
      .map((workload) => ({ row, workload, expected: row.but?.[workload] ?? row.expected }))
  )

/** What must come of a call, in words. */
export const wanted = ({ delivery, outcome, requests }: Expected): string =>
  `${outcome}${delivery === undefined ? "" : `, ${delivery}`}, ${requests} ${requests === 1 ? "request" : "requests"}`

/**
 * Whether what a client counted fits what the server saw: between what was acknowledged or begun to be, and that with what
 * was never confirmed. What was not sent is never seen.
 */
export const fits = ({ acknowledged, partial, unconfirmed }: Deliveries, arrived: number): boolean =>
  arrived >= acknowledged + partial && arrived <= acknowledged + partial + unconfirmed

export const isMet = (expected: Expected, run: Run, counted: Deliveries): boolean =>
  run.outcome === expected.outcome &&
  (expected.delivery === undefined || run.delivery === expected.delivery) &&
  run.arrived?.length === expected.requests &&
  fits(counted, expected.requests)

/** A server that does as the row says, and in the end what it saw. */
const against = <A>(
  { closed, executed, script }: Row,
  use: (origin: string) => Effect.Effect<A, never, Scope.Scope>
): Effect.Effect<{
  readonly used: A
  readonly seen: Pick<Run, "arrived" | "executed">
  readonly openai: string | undefined
}> =>
  Effect.scoped(
    Effect.gen(function* () {
      const faults = script(time)
      const server = yield* FaultServer.make({ script: faults })
      if (closed === true) yield* server.down
      const used = yield* Effect.scoped(use(server.origin))
      const requests = yield* server.requests
      const spared = executed ? 0 : Math.min(requests.length, faults.length)
      return {
        used,
        seen: { arrived: requests.map(({ status }) => status), executed: requests.length - spared },
        openai: requests[0]?.headers["x-stainless-package-version"]
      }
    })
  )

/** How long the other way is waited for: twice the deadline, but no longer than the lab may take. */
const capOf = (name: WorkloadName): number =>
  Math.min(22_000, Math.max(5000, 2 * Duration.toMillis(time(workloads[name].deadline))))

const lineOf = (
  { expected, row, workload }: Cell,
  other: Theirs | undefined,
  onEvent: (event: Event) => void
): Effect.Effect<{ readonly line: Line; readonly openai: string | undefined }> => {
  const { fault, rule } = row
  const stream = row.stream === true
  const ours = against(row, (origin) =>
    call(origin, workload, stream, time, (segments) =>
      onEvent({ _tag: "Went", fault, workload, segments: [...segments] })
    )
  )
  const timeout = Duration.toMillis(time(workloads[workload].timeouts.attempt))
  const beside =
    other === undefined
      ? Effect.succeed(undefined)
      : against(row, (origin) => other({ origin, name: workload, stream, timeout, cap: capOf(workload) }))
  return Effect.map(Effect.all([ours, beside], { concurrency: 2 }), ([ours, beside]) => {
    const run: Run = { ...ours.used.run, ...ours.seen }
    const { counted } = ours.used
    const line: Line = {
      fault,
      rule,
      workload,
      halved: row.halved === true,
      ours: run,
      theirs: beside && { ...beside.used, ...beside.seen },
      counted,
      expected: wanted(expected),
      hopeless: expected.outcome !== "success",
      met: isMet(expected, run, counted),
      again: false
    }
    return { line, openai: beside?.openai }
  })
}

/** Hands lines on in their order, whichever is there first. */
export const inOrder = <A>(use: (value: A) => void): ((index: number, value: A) => void) => {
  const early = new Map<number, A>()
  let next = 0
  return (index, value) => {
    early.set(index, value)
    for (let found = early.get(next); found !== undefined; found = early.get(next)) {
      early.delete(next++)
      use(found)
    }
  }
}

export const experiments = (
  names: ReadonlyArray<WorkloadName>,
  onEvent: (event: Event) => void
): Effect.Effect<Report> =>
  Effect.gen(function* () {
    const at = yield* Clock.currentTimeMillis
    const since = performance.now()
    const other = yield* theirs
    const cells = cellsOf(names)
    let openai: string | undefined
    onEvent({ _tag: "Planned", calls: cells.length, openai: other !== undefined })
    const seen = inOrder<Line>((line) => onEvent({ _tag: "Seen", line }))

    const [first] = cells
    // what is slow for the first time only
    if (first !== undefined) yield* lineOf(first, other, () => {})

    const attempt = (cell: Cell) => {
      const { fault } = cell.row
      const { workload } = cell
      return Effect.suspend(() => {
        onEvent({ _tag: "Began", fault, workload })
        return lineOf(cell, other, onEvent)
      }).pipe(
        Effect.tap((made) => {
          openai ??= made.openai
          onEvent({ _tag: "Ended", fault, workload })
        })
      )
    }
    const numbered = cells.map((cell, index) => ({ cell, index }))
    const doubtful: Array<{ readonly cell: Cell; readonly index: number }> = []
    const lines: Array<Line> = []
    const settle = (index: number, line: Line) => {
      lines[index] = line
      seen(index, line)
    }
    const once = (one: (typeof numbered)[number]) =>
      Effect.map(attempt(one.cell), ({ line }) => {
        if (line.met) settle(one.index, line)
        else doubtful.push(one)
      })
    // those that wait for minutes wait together, from the beginning, though a crowd that begins at once delays itself
    const slow = numbered.filter(({ cell }) => cell.row.slow === true)
    const quick = numbered.filter(({ cell }) => cell.row.slow !== true)
    yield* Effect.all(
      [
        Effect.forEach(slow, (one, index) => Effect.delay(once(one), 60 * index), { concurrency: "unbounded" }),
        Effect.forEach(quick, once, { concurrency: 4 })
      ],
      { concurrency: 2, discard: true }
    )
    yield* Effect.forEach(doubtful, ({ cell, index }) =>
      Effect.map(Effect.repeat(attempt(cell), { until: ({ line }) => line.met, times: 2 }), ({ line }) =>
        settle(index, { ...line, again: true })
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
