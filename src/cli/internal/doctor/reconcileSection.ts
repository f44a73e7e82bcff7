/**
 * Compares what was found from this machine with what the servers counted.
 *
 * @since 0.1.0
 */
import type { ServerCounts } from "../../../fireworks/ServerMetrics.js"
import type { Finding, Section } from "./model.js"

/** Compares the findings with what the servers counted of the same deployment in the last minute. */
export const reconcileSection = (findings: ReadonlyArray<Finding>, counts: ServerCounts): Section => {
  const { byStatus, coverage, errors, requests } = counts
  // what is wrong with the account shows on neither side's counts
  const open = findings.some(({ severity, side }) => severity === "problem" && side !== "account")
  const statuses = Object.entries(byStatus)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${Math.round(count)} of HTTP ${status}`)
  const counted = `In the last minute the servers counted ${Math.round(requests)} requests of the deployment, ${Math.round(errors)} of them errors${statuses.length > 0 ? ` (${statuses.join(", ")})` : ""}.`
  const meaning =
    requests < 1
      ? "That is too little to compare with."
      : errors >= requests * 0.02
        ? "The servers see failures too: what is wrong is not between here and them alone."
        : "The servers answer others without errors: look at this machine, its network and this key first."
  const lines =
    coverage === 0
      ? ["The deployment is not among the metrics of the account: it has had no traffic, or another name."]
      : [counted, ...(open ? [meaning] : [])]
  return { counts: { ...counts }, lines }
}
