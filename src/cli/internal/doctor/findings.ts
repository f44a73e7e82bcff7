import type { Observation } from "./observation.js"
import { outOfTime } from "./probes.js"
import type { Finding, Side, Step } from "./model.js"

export type Name = Step["name"]

/** Time as people say it. */
export const said = (millis: number): string =>
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

/** A step, and what is to be said of it. */
export interface Judged {
  readonly step: Step
  readonly findings: ReadonlyArray<Finding>
}

export const fine = (step: Step, ...findings: ReadonlyArray<Finding>): Judged => ({ step, findings })

export const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || host.startsWith("127.")

const words: Readonly<Record<string, string>> = { ECONNREFUSED: "refused", ETIMEDOUT: "silent", [outOfTime]: "silent" }

export const mark = (code: string): string => words[code] ?? code.toLowerCase().replaceAll("_", "-")

/** Who may know more of a way that a proxy does not open. */
export const behindProxy = ({ host, port }: Observation): string =>
  `Ask who runs the proxy whether it reaches ${host}, port ${port}. If this machine does by itself, list the host in NO_PROXY.`

/** What is said of a proxy that does not prove who it is. */
export const distrustedProxy = (step: Name, evidence: ReadonlyArray<string>): Finding =>
  finding(step, "proxy-untrusted", "yours", "The proxy's own certificate is not trusted", evidence, [
    "Set NODE_EXTRA_CA_CERTS to a file with the proxy's certificate, or with that of who issued it.",
    "If the proxy does not speak TLS by design, name it by an http: URL."
  ])

export const atAll = (host: string): string =>
  isLoopback(host)
    ? "The server is on this machine: look at its log."
    : `Try from another network, and look at the provider's status page: if ${host} fails from anywhere, it is down.`

export const codeSaid = (code: string, timeout: number): string =>
  code === outOfTime ? `no answer within ${said(timeout)}` : code
