/**
 * Finds out why calls to the API fail from here: which phase, on whose side, and what to do.
 *
 * A call fails with one sentence, and the same sentence may come of a name that is not known, a firewall, a proxy that opens
 * TLS, a key that was revoked or a deployment that sleeps. Here the way of a call is gone step by step, each measured and
 * bounded in time, until one fails. What the steps saw is judged by plain functions.
 *
 * | step | what is tried | without |
 * | --- | --- | --- |
 * | `proxy` | what the environment names for the URL | |
 * | `dns` | the host's name, or the proxy's | |
 * | `tcp` | each address | |
 * | `tls` | the handshake and the certificate, through the proxy | an `http:` URL |
 * | `http` | a request without a key: any answer of the API is good | |
 * | `key` | the same with the key | `FIREWORKS_API_KEY` |
 * | `model` | the first event of a chat of one token | a model or deployment |
 * | `metrics` | what the servers counted of a deployment in the last minute | a deployment |
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
import { said } from "./internal/doctor/findings.js"
import type { Report, Side, StepName } from "./internal/doctor/model.js"
import type { Observation } from "./internal/doctor/observation.js"
import { reconcileSection } from "./internal/doctor/reconcileSection.js"
import { walk } from "./internal/doctor/walk.js"

export { StepName, Side, Step, Finding, Section, Report } from "./internal/doctor/model.js"
export type { FindingEncoded, ReportEncoded, SectionEncoded, StepEncoded } from "./internal/doctor/model.js"

// -------------------------------------------------------------------------------------------------
// Options
// -------------------------------------------------------------------------------------------------

/**
 * What `examine` takes.
 *
 * @since 0.1.0
 * @category model
 */
export interface Options {
  /** Where the API is: the part before `/inference/v1`. @default "https://api.fireworks.ai" */
  readonly url?: string | undefined
  /** @default none: the steps that need it are left out */
  readonly apiKey?: Redacted.Redacted | undefined
  /** The account, which a deployment needs that is named by its id alone. @default none */
  readonly accountId?: string | undefined
  /** Where the control plane is. @default `url` */
  readonly controlUrl?: string | undefined
  /** The model whose first token is waited for. @default the deployment */
  readonly model?: string | undefined
  /** The deployment whose metrics are read: its id, if there is an `accountId`, or in full. @default none */
  readonly deployment?: string | undefined
  /** For each step, from 100 milliseconds to 10 minutes. @default 10 seconds */
  readonly timeout?: Duration.DurationInput | undefined
  /** A certificate to trust instead of Node's, in PEM. @default Node's */
  readonly ca?: string | undefined
  /** Told of each step that begins. @default nothing */
  readonly onStep?: ((step: StepName) => Effect.Effect<void>) | undefined
}

// -------------------------------------------------------------------------------------------------
// Judgement
// -------------------------------------------------------------------------------------------------

const reportOf = (seen: Observation): Report => {
  const { findings, steps } = judge(seen)
  return {
    version: 1,
    url: seen.url,
    at: seen.at,
    timeout: seen.timeout,
    healthy: findings.every(({ severity }) => severity === "note"),
    steps,
    findings,
    ...(seen.metrics?._tag === "Ok" && { server: reconcileSection(findings, seen.metrics.value) })
  }
}

/**
 * The exit status of a process that reports: 0 where the API can be used, 1 where there is a problem.
 *
 * @since 0.1.0
 * @category getters
 */
export const exitStatus = (report: Report): 0 | 1 => (report.healthy ? 0 : 1)

// -------------------------------------------------------------------------------------------------
// examine
// -------------------------------------------------------------------------------------------------

const given = <A>(option: string, value: string, checked: Either.Either<A, string>): A =>
  Either.getOrElse(checked, (bound) => refuse("Doctor.examine", option, value, bound))

/** A name that is printed, and sent as it is. */
const nameOf = (option: string, name: string | undefined): string | undefined =>
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
    findings: report.findings.map((one) => ({ ...one, evidence: one.evidence.map(clean) }))
  }
}

/**
 * Walks the way of a call, and reports. Whatever is found, it succeeds; bad options are refused at once.
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
  // an id says nothing about whose it is
  if (deployment !== undefined && !deployment.includes("/") && accountId === undefined) {
    refuse(
      owner,
      "deployment",
      deployment,
      "given in full, as accounts/{account}/deployments/{id}; or set FIREWORKS_ACCOUNT_ID (accountId), which says whose it is"
    )
  }
  const settings = {
    url: new URL(checked),
    apiKey,
    accountId: accountId === undefined ? undefined : given("accountId", "<redacted>", accountIdOf(accountId)),
    controlUrl: controlUrl === undefined ? undefined : baseUrlFrom(owner, "controlUrl", controlUrl),
    model: nameOf("model", options.model),
    deployment,
    timeout,
    ca: options.ca,
    onStep: options.onStep ?? (() => Effect.void)
  }
  return Effect.map(Effect.scoped(walk(settings)), (seen) => withoutSecrets(apiKey, reportOf(seen)))
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
 * Writes a report for people.
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
    const time = millis === undefined ? "" : ` (${said(millis)})`
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
    report.server === undefined
      ? []
      : ["", "What the servers counted:", ...report.server.lines.map((line) => `  ${line}`)]
  const problems = report.findings.filter(({ severity }) => severity === "problem").length
  const end =
    problems === 0
      ? paint(32, "No problem was found.")
      : paint(31, problems === 1 ? "1 problem was found." : `${problems} problems were found.`)
  return [`The way to ${report.url}`, "", ...steps, ...findings, ...server, "", end, ""].join("\n")
}
