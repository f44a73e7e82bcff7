import type { Observation } from "./observation.js"
import { outOfTime } from "./probes.js"
import type { Finding, Side, Step } from "./model.js"

export type Name = Step["name"]

/** Formats a time: `340 ms`, `12.1 s`. */
export const formatMillis = (millis: number): string =>
  millis < 999.5 ? `${Math.round(millis)} ms` : `${Math.round(millis / 100) / 10} s`

export const ok = (name: Name, summary: string, millis?: number, lines: ReadonlyArray<string> = []): Step => ({
  name,
  status: "ok",
  summary,
  lines,
  ...(millis !== undefined && { millis: Math.round(millis * 10) / 10 })
})

export const failed = (name: Name, summary: string, millis?: number, lines: ReadonlyArray<string> = []): Step => ({
  ...ok(name, summary, millis, lines),
  status: "failed"
})

export const skipped = (name: Name, summary: string): Step => ({ name, status: "skipped", summary, lines: [] })

export const finding = (
  step: Name,
  code: string,
  side: Side,
  title: string,
  evidence: ReadonlyArray<string>,
  next: ReadonlyArray<string>
): Finding => ({ step, code: `${step}.${code}`, severity: "problem", side, title, evidence, next })

export const note = (...parts: Parameters<typeof finding>): Finding => ({ ...finding(...parts), severity: "note" })

/** The result of a step, with its findings. */
export interface Judged {
  readonly step: Step
  readonly findings: ReadonlyArray<Finding>
}

export const judged = (step: Step, ...findings: ReadonlyArray<Finding>): Judged => ({ step, findings })

export const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || host.startsWith("127.")

const words: Readonly<Record<string, string>> = { ECONNREFUSED: "refused", ETIMEDOUT: "silent", [outOfTime]: "silent" }

export const mark = (code: string): string => words[code] ?? code.toLowerCase().replaceAll("_", "-")

/** The instruction for a host that a proxy does not reach. */
export const behindProxy = ({ host, port }: Observation): string =>
  `Ask the operator of the proxy whether it can reach ${host}, port ${port}. If this machine can reach the host directly, add the host to NO_PROXY.`

/** The finding for a proxy whose certificate is not trusted. */
export const distrustedProxy = (step: Name, evidence: ReadonlyArray<string>): Finding =>
  finding(step, "proxy-untrusted", "yours", "The certificate of the proxy is not trusted", evidence, [
    "Set NODE_EXTRA_CA_CERTS to a file with the certificate of the proxy, or of its issuer.",
    "If the proxy does not use TLS, give it an http: URL."
  ])

export const checkHost = (host: string): string =>
  isLoopback(host)
    ? "The server is on this machine: check its log."
    : `Try from another network, and check the status page of the provider: if ${host} fails from everywhere, it is down.`

export const describeCode = (code: string, timeout: number): string =>
  code === outOfTime ? `no response within ${formatMillis(timeout)}` : code
