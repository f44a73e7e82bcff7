/**
 * Finds out why calls to the API fail on this machine: which step fails, on whose side, and what to do.
 *
 * The same error may come from an unknown host name, a firewall, a proxy that intercepts TLS, a revoked key or a sleeping
 * deployment. `examine` runs each step of a call by itself, with its own timeout, until one fails. Pure functions turn the
 * observations into findings.
 *
 * | step | what it checks | skipped without |
 * | --- | --- | --- |
 * | `proxy` | the proxy of the environment for the URL | |
 * | `dns` | the host name, or the name of the proxy | |
 * | `tcp` | each address | |
 * | `tls` | the handshake and the certificate, through the proxy | an `http:` URL |
 * | `http` | a request without a key: any response of the API is good | |
 * | `key` | the same request with the key | `FIREWORKS_API_KEY` |
 * | `model` | the first event of a chat of one token | a model or deployment |
 * | `metrics` | the server counts of a deployment for the last minute | a deployment |
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { accountIdOf, baseUrlFrom } from "../fireworks/internal/settings.js"
import { duration, refuse } from "../internal/options.js"
import { judge } from "./internal/doctor/diagnosis.js"
import { formatMillis } from "./internal/doctor/findings.js"
import { configuration } from "./internal/doctor/effectiveSettings.js"
import type { Report, Setting, Side, StepName } from "./internal/doctor/model.js"
import type { Observation } from "./internal/doctor/observation.js"
import { reconcileSection } from "./internal/doctor/reconcileSection.js"
import { walk } from "./internal/doctor/walk.js"
import { interactive, type Workload } from "../Workload.js"

export { StepName, Side, Step, Finding, Section, Setting, Report } from "./internal/doctor/model.js"
export type {
  FindingEncoded,
  ReportEncoded,
  SectionEncoded,
  SettingEncoded,
  StepEncoded
} from "./internal/doctor/model.js"

// -------------------------------------------------------------------------------------------------
// Options
// -------------------------------------------------------------------------------------------------

/**
 * Options of `examine`.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options {
  /** The base URL of the API, without `/inference/v1`. @default "https://api.fireworks.ai" */
  readonly url?: string | undefined
  /** The API key. @default none: the steps that need it are skipped */
  readonly apiKey?: Redacted.Redacted | undefined
  /** The account of a `deployment` that is named by its id. @default none */
  readonly accountId?: string | undefined
  /** The base URL of the control plane. @default `url` */
  readonly controlUrl?: string | undefined
  /** The model to call for one token. @default the deployment */
  readonly model?: string | undefined
  /** The deployment to call and to read the metrics of: its full name, or its id together with `accountId`. @default none */
  readonly deployment?: string | undefined
  /** The time for each step, from 100 milliseconds to 10 minutes. @default 10 seconds */
  readonly timeout?: Duration.DurationInput | undefined
  /** A certificate to trust instead of the certificates of Node, in PEM. @default the certificates of Node */
  readonly ca?: string | undefined
  /** The workload whose limits are reported, with those that variables change. @default `Workload.interactive` */
  readonly workload?: Workload | undefined
  /** The prefix of the variables of the workload and the limiter, as `Config.nested` adds it. @default none */
  readonly prefix?: string | undefined
  /** Runs at the start of each step. @default nothing */
  readonly onStep?: ((step: StepName) => Effect.Effect<void>) | undefined
}

// -------------------------------------------------------------------------------------------------
// Reports
// -------------------------------------------------------------------------------------------------

const reportOf = (observation: Observation, configuration: ReadonlyArray<Setting>): Report => {
  const { findings, steps } = judge(observation)
  return {
    version: 1,
    url: observation.url,
    at: observation.at,
    timeout: observation.timeout,
    healthy: findings.every(({ severity }) => severity === "note"),
    steps,
    findings,
    configuration,
    ...(observation.metrics?._tag === "Ok" && { server: reconcileSection(findings, observation.metrics.value) })
  }
}

/**
 * Returns the exit code for a report: 0 if the API can be used, 1 if there is a problem.
 *
 * @since 0.1.0
 * @category getters
 */
export const exitStatus = (report: Report): 0 | 1 => (report.healthy ? 0 : 1)

// -------------------------------------------------------------------------------------------------
// examine
// -------------------------------------------------------------------------------------------------

const unwrap = <A>(option: string, value: string, checked: Either.Either<A, string>): A =>
  Either.getOrElse(checked, (bound) => refuse("Doctor.examine", option, value, bound))

/** Checks the name of a model, which is printed and sent unchanged. */
const modelOf = (option: string, name: string | undefined): string | undefined =>
  name === undefined || /^[\w.#/@:-]{1,256}$/.test(name)
    ? name
    : refuse("Doctor.examine", option, name, "a name of letters, digits, dots, dashes and slashes")

const withoutSecrets = (apiKey: Redacted.Redacted | undefined, report: Report): Report => {
  const secret = apiKey === undefined ? "" : Redacted.value(apiKey).trim()
  if (secret.length < 4) return report
  const clean = (text: string): string => text.replaceAll(secret, "[redacted]")
  return {
    ...report,
    steps: report.steps.map((step) => ({ ...step, summary: clean(step.summary), lines: step.lines.map(clean) })),
    findings: report.findings.map((one) => ({ ...one, evidence: one.evidence.map(clean) })),
    ...(report.configuration && {
      configuration: report.configuration.map((setting) => ({ ...setting, value: clean(setting.value) }))
    })
  }
}

/**
 * Runs each step of a call, and reports the findings. It never fails: problems are findings. Invalid options throw a `RangeError`.
 *
 * @example
 * ```ts
 * import * as assert from "node:assert"
 * import { Effect } from "effect"
 * import { Doctor } from "effect-reliability/cli"
 *
 * const report = await Effect.runPromise(Doctor.examine({ url: "http://127.0.0.1:4" }))
 * const [finding] = report.findings
 * assert.deepStrictEqual([report.healthy, finding?.code, finding?.side], [false, "tcp.refused", "yours"])
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const examine = (options: Options = {}): Effect.Effect<Report> => {
  const owner = "Doctor.examine"
  const { accountId, apiKey, controlUrl, url = "https://api.fireworks.ai" } = options
  const checked = baseUrlFrom(owner, "url", url)
  const timeout = duration(owner, "timeout", options.timeout ?? "10 seconds", { min: 100 })
  if (Duration.toMillis(timeout) > 600_000) refuse(owner, "timeout", timeout, "at most 10 minutes")
  const deployment = options.deployment
  if (deployment !== undefined && !/^(?:accounts\/[\w.-]{1,128}\/deployments\/)?[\w.-]{1,128}$/.test(deployment)) {
    refuse(owner, "deployment", deployment, "an id, or accounts/{account}/deployments/{id}")
  }
  // an id alone does not identify the account
  if (deployment !== undefined && !deployment.includes("/") && accountId === undefined) {
    refuse(
      owner,
      "deployment",
      deployment,
      "a full name, accounts/{account}/deployments/{id}; or set FIREWORKS_ACCOUNT_ID (accountId), the account of the deployment"
    )
  }
  const settings = {
    url: new URL(checked),
    apiKey,
    accountId: accountId === undefined ? undefined : unwrap("accountId", "<redacted>", accountIdOf(accountId)),
    controlUrl: controlUrl === undefined ? undefined : baseUrlFrom(owner, "controlUrl", controlUrl),
    model: modelOf("model", options.model),
    deployment,
    timeout,
    ca: options.ca,
    onStep: options.onStep ?? (() => Effect.void)
  }
  const { prefix, workload = interactive } = options
  return Effect.zipWith(
    Effect.scoped(walk(settings)),
    configuration({ ...settings, workload, prefix }),
    (observation, found) => withoutSecrets(apiKey, reportOf(observation, found))
  )
}

// -------------------------------------------------------------------------------------------------
// render
// -------------------------------------------------------------------------------------------------

const owners: { readonly [S in Side]: string } = {
  yours: "on your side",
  provider: "on the provider's side",
  account: "in your account",
  unclear: "in the network between, or on the provider's side"
}

const marks = { ok: ["ok  ", 32], failed: ["FAIL", 31], skipped: ["-   ", 2] } as const

/**
 * Formats a report as text.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Doctor } from "effect-reliability/cli"
 *
 * const report = await Effect.runPromise(Doctor.examine({ url: "http://127.0.0.1:4" }))
 * console.log(Doctor.render(report, { colour: false }))
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const render = (report: Report, options: { readonly colour?: boolean | undefined } = {}): string => {
  const paint = (code: number, text: string): string =>
    options.colour === true ? `\u001b[${code}m${text}\u001b[0m` : text
  const steps = report.steps.flatMap(({ lines, millis, name, status, summary }) => {
    const [mark, code] = marks[status]
    const time = millis === undefined ? "" : ` (${formatMillis(millis)})`
    return [
      `${paint(code, mark)}  ${name.padEnd(7)}  ${summary}${time}`,
      ...lines.map((line) => `${" ".repeat(15)}${line}`)
    ]
  })
  const findings = report.findings.flatMap(({ evidence, next, severity, side, title }) => {
    const head = severity === "problem" ? paint(31, "Problem") : paint(33, "Note")
    return [
      "",
      `${head}, ${owners[side]}: ${paint(1, title)}.`,
      ...evidence.map((line) => `  ${line}`),
      "  What to do:",
      ...next.map((line) => `  - ${line}`)
    ]
  })
  const server =
    report.server === undefined ? [] : ["", "Server counts:", ...report.server.lines.map((line) => `  ${line}`)]
  const settings = report.configuration ?? []
  const width = Math.max(...settings.map(({ variable }) => variable.length))
  const configured = settings.map(({ source, value, variable }) => {
    const line = `  ${variable.padEnd(width)}  ${value}${source === "default" ? " (default)" : ""}`
    return source === "invalid" ? paint(31, line) : source === "default" ? paint(2, line) : line
  })
  const problems = report.findings.filter(({ severity }) => severity === "problem").length
  const end =
    problems === 0
      ? paint(32, "No problem was found.")
      : paint(31, problems === 1 ? "1 problem was found." : `${problems} problems were found.`)
  const configuration = configured.length === 0 ? [] : ["", "Configuration:", ...configured]
  return [`Checking ${report.url}`, "", ...steps, ...findings, ...server, ...configuration, "", end, ""].join("\n")
}
