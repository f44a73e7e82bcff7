/** Renders the results of all situations as the page `.github/CONFORMANCE.md`. */
import { ApiError } from "effect-reliability"
import { type Outcome, type Situation, situations } from "./situations.js"
import type { Over } from "./transports.js"

const line = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

const classOf = (reason: ApiError.Reason): ApiError.Kind["class"] => {
  const isIn = (literals: ReadonlyArray<string>) => literals.includes(reason)
  return isIn(ApiError.RateLimitReason.literals)
    ? "RateLimit"
    : isIn(ApiError.TransientReason.literals)
      ? "Transient"
      : "Fatal"
}

const stops: { readonly [S in ApiError.StopReason]: string } = {
  Foreign: "not an `ApiError`",
  Settled: "an inner call was still retrying",
  Fatal: "not retryable",
  Idempotency: "may have been executed",
  Attempts: "no attempts left",
  NameNotFound: "the host name was not found again",
  PatienceEnded: "no patience",
  HintTooLong: "the hint is too long",
  Deadline: "the deadline",
  Budget: "no retry budget",
  QueueFull: "the queue of the rate limiter is full",
  CircuitOpen: "the circuit breaker is open",
  StoreUnavailable: "the store of the rate limiter is unavailable",
  SpentBody: "the body cannot be sent again",
  StreamBegan: "the stream had begun"
}

/** The expected outcome, as cells of the table. */
const cellsOf = ({ arrived, delivery, events, outcome, phase, stopped }: Outcome): ReadonlyArray<string> => {
  const suffix = events === undefined ? "" : `, ${events} events`
  return [
    outcome === "success"
      ? `success${suffix}`
      : `${classOf(outcome)} \`${outcome}\`${phase === undefined ? "" : ` (${phase})`}${suffix}`,
    delivery === undefined ? "" : `\`${delivery}\``,
    String(arrived),
    stopped === undefined ? "" : stops[stopped]
  ]
}

/** Links the rules and the table of reasons. */
const linked = (why: string): string =>
  why
    .replace(/rules? \d(?: and \d)?/, "[$&](RETRYING.md#the-nine-rules)")
    .replace("the table of reasons", "[reasons](ERRORS.md#reasons)")

type Row = readonly [situation: Situation, cells: ReadonlyArray<string>]

/** One line for the situations that differ only in their workload, if all their cells are equal. */
const lines = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => {
  const groups = new Map<string, Array<Situation>>()
  for (const [situation, cells] of rows) {
    const { family, title } = situation
    const key = JSON.stringify([family ?? title, cells])
    groups.set(key, [...(groups.get(key) ?? []), situation])
  }
  return [...groups].map(([key, members]) => {
    const [name, cells] = JSON.parse(key) as readonly [string, ReadonlyArray<string>]
    const [first] = members
    const workloads = members.map(({ workload }) => workload.name).join(", ")
    const title = first?.family === undefined ? name : `${name}; ${members.length === 4 ? "each workload" : workloads}`
    return line([title, linked(first?.why ?? ""), ...cells])
  })
}

export const scoreboard = (overs: ReadonlyArray<Over>, cell: (situation: Situation, over: Over) => string): string => {
  const rows = situations.map((situation): Row => [
    situation,
    [...cellsOf(situation.expected), ...overs.map((over) => cell(situation, over))]
  ])
  const notes = situations.flatMap(({ over = {}, title }) =>
    Object.entries(over).map(([name, { because }]) => `- ${title}, over ${name}: ${because}.`)
  )
  return [
    "# Conformance",
    "",
    "The expected outcome of a call in each situation, and whether it was met: in memory and over each HTTP client.",
    "`npm run conformance` runs the situations of `test/conformance/situations.ts` and writes this page.",
    "",
    "- **outcome**: success, or the class and [reason](ERRORS.md#reasons) of the error, and the [phase](ERRORS.md#phases) of a timeout",
    "- **delivery**: [how far the last request got](ERRORS.md#delivery)",
    "- **requests**: the number of requests that reached the server",
    "- **not retried because**: why there was [no further attempt](ERRORS.md#why-a-call-stopped)",
    "",
    "✓ as expected; ✓¹ different over this client, see below; – cannot occur there. A submission is a POST that must not be executed twice.",
    "",
    line([
      "situation",
      "rule",
      "outcome",
      "delivery",
      "requests",
      "not retried because",
      ...overs.map(({ name }) => name)
    ]),
    line(["---", "---", "---", "---", "--:", "---", ...overs.map(() => ":-:")]),
    ...lines(rows),
    "",
    "¹ Differences of single clients:",
    "",
    ...notes,
    "- `NodeHttpClient` and `FetchHttpClient` do not know whether a response had begun when a timeout ends the attempt: `delivery`",
    "  is `Unconfirmed` where `Transport` reports `Partial`.",
    ""
  ].join("\n")
}
