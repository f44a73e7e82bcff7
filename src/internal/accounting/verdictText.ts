/**
 * Renders a verdict as text.
 *
 * @since 0.1.0
 */
import type { Evidence, Failure, Verdict } from "./model.js"

const rounded = (value: number): string => String(Math.round(value * 10) / 10)

const counted = (value: number, what: string): string => `${rounded(value)} ${what}${rounded(value) === "1" ? "" : "s"}`

const attemptsText = (value: number): string => (value === 1 ? "1 attempt" : `${rounded(value)} attempts`)

const headline = (verdict: Verdict): string => {
  switch (verdict._tag) {
    case "ClientSide":
      return `The client's side: ${attemptsText(verdict.lost)} of ${verdict.evidence.client.attempts} lost in the phase "${verdict.phase}".`
    case "ServerSide":
      return `The server's side: ${attemptsText(verdict.errors)} of ${verdict.evidence.client.attempts} ended with an error of the servers.`
    case "InAgreement":
      return "In agreement: the client and the servers counted the same requests."
    case "MissingOnClient":
      return `Missing on the client: the servers counted ${counted(verdict.missing, "request")} that this client did not send.`
    case "NotEnoughData":
      return `Not enough data (${verdict.why}).`
  }
}

const maxListed = 6

const listed = (failures: ReadonlyArray<Failure>): string => {
  const shown = failures.slice(0, maxListed).map(({ count, delivery, phase, reason }) => {
    const where = phase === undefined ? "" : `${phase}: `
    return `${count} ${where}${reason} (${delivery})`
  })
  const more = failures.length - shown.length
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(", ")
}

const evidenceOf = ({ bounds, client, lost, refused, server }: Evidence): ReadonlyArray<string> => {
  const { Acknowledged, NotSent, Partial, Unconfirmed, calls, inFlight, attempts } = client
  const byStatus = Object.entries(server.byStatus ?? {}).map(([status, count]) => `${rounded(count)} of ${status}`)
  const statuses = byStatus.length === 0 ? "" : ` (${byStatus.join(", ")})`
  const coverage = server.coverage === undefined ? "" : `, covering ${Math.round(server.coverage * 100)} % of the time`
  return [
    `Client:   ${attemptsText(attempts)} of ${counted(calls, "call")}: ${Acknowledged} acknowledged, ${Partial} partial, ${Unconfirmed} unconfirmed, ${NotSent} not sent; ${counted(inFlight, "call")} in flight.`,
    `Servers:  ${counted(server.requests, "request")}, ${counted(server.errors, "error")}${statuses}${coverage}.`,
    `Expected: ${bounds.least} to ${bounds.most} requests, give or take ${rounded(bounds.tolerance)}.`,
    ...(lost.length === 0 ? [] : [`Lost:     ${listed(lost)}.`]),
    ...(refused.length === 0 ? [] : [`Refused:  ${listed(refused)}.`])
  ]
}

/** Renders a verdict as lines of text, without a line break at the end. */
export const textOf = (verdict: Verdict): string =>
  [
    headline(verdict),
    ...(verdict.evidence === undefined ? [] : evidenceOf(verdict.evidence)),
    `Next:     ${verdict.next}`
  ].join("\n")
