/** Renders the tables of the reference pages in `.github/` from the values of the code. `npm run reference` writes them. */
import { Duration } from "effect"
import { Accounting, ApiError, Dialect, Workload } from "effect-reliability"
import { Dashboards } from "effect-reliability/cli"
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { sections } from "../../src/cli/internal/dashboards/panels.js"
import { reasons } from "../../src/internal/reasons.js"
import { stopReasons } from "../../src/internal/stopReasons.js"
import { findings } from "./findings.js"
import { read, root } from "./project.js"

/** A table between the markers `<!-- name -->` and `<!-- /name -->` of a page. */
export interface Table {
  readonly page: string
  readonly name: string
  readonly markdown: string
}

type Cells = ReadonlyArray<string>

const markdown = (head: Cells, rows: ReadonlyArray<Cells>): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

const code = (text: string): string => `\`${text}\``
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/[.!?]?$/, ".")}`

// --- ERRORS ----------------------------------------------------------------------------------------

const classes = [
  ["RateLimit", ApiError.RateLimitReason.literals],
  ["Transient", ApiError.TransientReason.literals],
  ["Fatal", ApiError.FatalReason.literals]
] as const

const sides = { yours: "client", provider: "provider", account: "account", unclear: "unclear" } as const

const retried = (kind: ApiError.Kind["class"], reason: ApiError.Reason): string => {
  if (kind === "Fatal") return "no"
  if (kind === "RateLimit") return "yes, later"
  if (reasons[reason].group === "starting") return "with patience"
  if (reason === "CircuitOpen") return "until the deadline"
  return reason === "NameNotFound" ? "once" : "yes"
}

const reasonRows = classes.flatMap(([kind, names]) =>
  names.map((reason) => {
    const { advice, circuit, happened, side } = reasons[reason]
    return [code(kind), code(reason), sentence(happened), retried(kind, reason), sides[side], code(circuit), advice]
  })
)

const deliveries: { readonly [D in ApiError.Delivery]: Cells } = {
  NotSent: ["No byte of the request left the client.", "never", "yes"],
  Unconfirmed: ["The request may have reached the server. No response arrived.", "perhaps", "only if it is repeatable"],
  Partial: ["A response began, and broke off.", "yes", "only if it is repeatable"],
  Acknowledged: [
    "A response arrived.",
    "yes",
    "only if it is repeatable, or the response says that nothing was executed"
  ]
}

const phases: { readonly [P in ApiError.Phase]: string } = {
  pool: "No connection of the client became free within `timeouts.pool`.",
  connect: "Connecting, with the TLS handshake, took longer than `timeouts.connect`.",
  write: "Writing the request took longer than `timeouts.write`.",
  read: "The next bytes of the response, or the next event of a stream, took longer than `timeouts.read` or `stream.idle`.",
  attempt: "The attempt took longer than `timeouts.attempt`.",
  deadline: "The whole call, attempts and waits together, reached its deadline."
}

const dialects = [Dialect.generic, Dialect.fireworks, Dialect.openai, Dialect.anthropic]

const statuses = dialects.flatMap(({ entries }) => entries.flatMap(({ status = [] }) => status))

const statusRows = [...new Set(statuses)]
  .toSorted((a, b) => a - b)
  .map((status) => {
    const meanings = dialects.map((dialect) => Dialect.lookup(dialect, { status, codes: [] }))
    return [String(status), ...meanings.map(({ class: kind, reason }) => `${kind} ${code(reason)}`)]
  })

const conditionOf = ({ code: name, status, target }: Dialect.Condition): string =>
  [
    ...(status === undefined ? [] : [String(status)]),
    ...(name === undefined ? [] : [code(name)]),
    ...(target === undefined ? [] : [`to a ${target} deployment`])
  ].join(", ")

const codeRows = dialects.flatMap((dialect) =>
  dialect.entries
    .filter((entry) => dialect === Dialect.generic || !Dialect.generic.entries.includes(entry))
    .filter((entry) => entry.says === undefined && (entry.code !== undefined || entry.target !== undefined))
    .map((entry) => [dialect.name, conditionOf(entry), `${entry.class} ${code(entry.reason)}`])
)

// --- WORKLOADS -------------------------------------------------------------------------------------

const time = (duration: Duration.Duration): string => {
  const seconds = Duration.toSeconds(duration)
  return seconds < 120 ? `${seconds} s` : `${seconds / 60} min`
}

const patienceOf = ({ patience }: Workload.Workload): string =>
  patience === undefined
    ? "none"
    : `${patience.waits} waits, ${time(patience.base)} × ${patience.factor} up to ${time(patience.cap)}`

const presets = [Workload.interactive, Workload.agentic, Workload.largeModel, Workload.batchSubmission]

const workloadRows = (
  [
    ["`timeouts.pool`", ({ timeouts }) => time(timeouts.pool)],
    ["`timeouts.connect`", ({ timeouts }) => time(timeouts.connect)],
    ["`timeouts.write`", ({ timeouts }) => time(timeouts.write)],
    ["`timeouts.read`", ({ timeouts }) => time(timeouts.read)],
    ["`timeouts.attempt`", ({ timeouts }) => time(timeouts.attempt)],
    ["`stream.first`", ({ stream }) => time(stream.first)],
    ["`stream.idle`", ({ stream }) => time(stream.idle)],
    ["`deadline`", ({ deadline }) => time(deadline)],
    ["`patience`", patienceOf]
  ] as ReadonlyArray<readonly [string, (workload: Workload.Workload) => string]>
).map(([name, of]) => [name, ...presets.map(of)])

// --- ACCOUNTING ------------------------------------------------------------------------------------

const verdicts: { readonly [V in Accounting.Verdict["_tag"]]: string } = {
  ClientSide: "Most failures happened between the client and the servers. `phase` says where, and `lost` how many.",
  ServerSide: "Most failures are error responses of the servers. `byReason` and `byStatus` say which.",
  InAgreement: "The client and the servers counted the same, and few attempts failed.",
  MissingOnClient: "The servers counted requests that this client did not send: something else uses the same account.",
  NotEnoughData: "The numbers allow no verdict. `why` says what is missing."
}

/** One window of 20 lost attempts for each phase: the advice comes from the verdict on it. */
const lostIn: { readonly [P in Accounting.Phase]: Pick<Accounting.Row, "reason" | "delivery" | "phase"> } = {
  dns: { reason: "NameNotFound", delivery: "NotSent", phase: undefined },
  pool: { reason: "Timeout", delivery: "NotSent", phase: "pool" },
  connect: { reason: "Connect", delivery: "NotSent", phase: undefined },
  tls: { reason: "Tls", delivery: "NotSent", phase: undefined },
  proxy: { reason: "ProxyRefused", delivery: "NotSent", phase: undefined },
  write: { reason: "Timeout", delivery: "Unconfirmed", phase: "write" },
  read: { reason: "Timeout", delivery: "Unconfirmed", phase: "read" },
  connection: { reason: "ConnectionLost", delivery: "Unconfirmed", phase: undefined },
  attempt: { reason: "Timeout", delivery: "NotSent", phase: "attempt" },
  abort: { reason: "Aborted", delivery: "Unconfirmed", phase: undefined },
  client: { reason: "InvalidRequest", delivery: "NotSent", phase: undefined }
}

const base = {
  class: undefined,
  count: 20,
  host: undefined,
  millis: 0,
  model: undefined,
  of: "attempt",
  outcome: "failed",
  workload: "w"
} satisfies Partial<Accounting.Row>

const hour = 3_600_000
const window = { from: 0, to: hour, inFlight: 0, open: [] }
const silent = { from: 0, to: hour, requests: 0, errors: 0 }

const phaseRows = Object.entries(lostIn).map(([phase, row]) => [
  code(phase),
  Accounting.reconcile({ ...window, rows: [{ ...base, ...row }] }, silent).next
])

const success: Accounting.Row = {
  ...base,
  outcome: "ok",
  reason: undefined,
  phase: undefined,
  delivery: "Acknowledged"
}

/** Numbers that lead to each reason for no verdict. */
const notEnough: {
  readonly [W in Accounting.NotEnough]: readonly [Partial<Accounting.Window>, Partial<Accounting.ServerCounts>]
} = {
  NoNumbers: [{}, { requests: Number.NaN }],
  NoTime: [{ to: 0 }, {}],
  OtherTime: [{}, { from: 5 * hour, to: 6 * hour }],
  Coverage: [{}, { coverage: 0.1 }],
  TooShort: [{}, { resolution: 2 * hour }],
  TooFew: [{ rows: [{ ...success, count: 1 }] }, {}],
  InFlight: [{ inFlight: 100 }, {}],
  OtherServer: [{}, {}]
}

const notEnoughRows = Object.entries(notEnough).map(([why, [client, servers]]) => {
  const verdict = Accounting.reconcile({ ...window, rows: [success], ...client }, { ...silent, ...servers })
  const shown = verdict._tag === "NotEnoughData" ? verdict.why : verdict._tag
  if (shown !== why) throw new Error(`The numbers for ${why} lead to ${shown}.`)
  return [code(why), verdict.next]
})

// --- DOCTOR ----------------------------------------------------------------------------------------

const owners = { yours: "your side", provider: "provider", account: "account", unclear: "unclear" } as const

const findingRows = findings.map(({ code: name, next, severity, side, title }) => [
  code(name),
  severity,
  owners[side],
  `${title}.`,
  next.join(" ")
])

// --- DASHBOARDS ------------------------------------------------------------------------------------

const panelRows = sections.flatMap(({ panels, title: section }) =>
  panels.map(({ description, title }) => [section, title, description])
)

/** Replaces the templates of a text by the names of their values. */
const withoutTemplates = (text: string): string =>
  text
    .replace(/\{\{ with \S+ \}\}(.*?)\{\{ \. \}\}\{\{ end \}\}/g, "$1_model_")
    .replace(/\{\{ \$labels\.\w+?_(\w+) \}\}/g, (_, label: string) => `_${label.replace(/.*_/, "")}_`)
    .replace(/\{\{ \$value.*?\}\}/g, "_n_")

const { groups: ruleGroups } = Dashboards.rules()

const alertRows = ruleGroups.flatMap(({ rules }) =>
  rules.flatMap((rule) => {
    if (!("alert" in rule)) return []
    const { alert, annotations, for: time, labels } = rule
    return [[code(alert), labels.severity, time, `${withoutTemplates(annotations.summary)}.`, annotations.description]]
  })
)

const recordingRows = ruleGroups.flatMap(({ rules }) =>
  rules.flatMap((rule) => ("record" in rule ? [[code(rule.record)]] : []))
)

// --- The tables ------------------------------------------------------------------------------------

export const tables: ReadonlyArray<Table> = [
  {
    page: "ERRORS",
    name: "reasons",
    markdown: markdown(["class", "reason", "what happened", "retried?", "side", "circuit", "what to do"], reasonRows)
  },
  {
    page: "ERRORS",
    name: "deliveries",
    markdown: markdown(
      ["`delivery`", "meaning", "counted by the provider?", "retried?"],
      Object.entries(deliveries).map(([name, cells]) => [code(name), ...cells])
    )
  },
  {
    page: "ERRORS",
    name: "phases",
    markdown: markdown(
      ["`phase`", "meaning"],
      Object.entries(phases).map(([name, text]) => [code(name), text])
    )
  },
  {
    page: "ERRORS",
    name: "stopped",
    markdown: markdown(
      ["`stopped`", "why the call was not retried again"],
      Object.entries(stopReasons).map(([name, text]) => [code(name), sentence(text)])
    )
  },
  {
    page: "ERRORS",
    name: "statuses",
    markdown: markdown(["status", ...dialects.map(({ name }) => code(`Dialect.${name}`))], statusRows)
  },
  {
    page: "ERRORS",
    name: "codes",
    markdown: markdown(["dialect", "status, code, or kind of deployment", "meaning"], codeRows)
  },
  {
    page: "WORKLOADS",
    name: "workloads",
    markdown: markdown(["", ...presets.map(({ name }) => code(`Workload.${name}`))], workloadRows)
  },
  {
    page: "ACCOUNTING",
    name: "verdicts",
    markdown: markdown(
      ["verdict", "meaning"],
      Object.entries(verdicts).map(([name, text]) => [code(name), text])
    )
  },
  {
    page: "ACCOUNTING",
    name: "phases",
    markdown: markdown(["`phase`", "what happened, and what to do"], phaseRows)
  },
  {
    page: "ACCOUNTING",
    name: "not enough",
    markdown: markdown(["`why`", "what is missing, and what to do"], notEnoughRows)
  },
  {
    page: "DOCTOR",
    name: "findings",
    markdown: markdown(["code", "severity", "side", "what was found", "what to do"], findingRows)
  },
  {
    page: "DASHBOARDS",
    name: "panels",
    markdown: markdown(["section", "panel", "what it says"], panelRows)
  },
  {
    page: "DASHBOARDS",
    name: "alerts",
    markdown: markdown(["alert", "severity", "for", "meaning", "what to do"], alertRows)
  },
  {
    page: "DASHBOARDS",
    name: "recordings",
    markdown: markdown(["recorded metric"], recordingRows)
  }
]

export const pathOf = (page: string): string => `.github/${page}.md`

/** Matches the markers of a table, and captures what is between them. */
export const between = (name: string): RegExp => new RegExp(`(?<=<!-- ${name} -->\n)([^]*?)(?=<!-- /${name} -->)`)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { markdown, name, page } of tables) {
    const path = pathOf(page)
    writeFileSync(
      root + path,
      read(path).replace(between(name), () => `\n${markdown}\n\n`)
    )
  }
}
