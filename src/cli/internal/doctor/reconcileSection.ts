/**
 * Compares the findings of this machine with the counts of the servers.
 *
 * @since 0.1.0
 */
import type { ServerCounts } from "../../../fireworks/ServerMetrics.js"
import type { Finding, Section } from "./model.js"

/** Compares the findings with the server counts of the same deployment for the last minute. */
export const reconcileSection = (findings: ReadonlyArray<Finding>, counts: ServerCounts): Section => {
  const { byStatus, coverage, errors, requests } = counts
  // a problem of the account shows in neither count
  const open = findings.some(({ severity, side }) => severity === "problem" && side !== "account")
  const statuses = Object.entries(byStatus)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${Math.round(count)} of HTTP ${status}`)
  const counted = `In the last minute the servers counted ${Math.round(requests)} requests to the deployment, ${Math.round(errors)} of them errors${statuses.length > 0 ? ` (${statuses.join(", ")})` : ""}.`
  const meaning =
    requests < 1
      ? "These are too few requests for a comparison."
      : errors >= requests * 0.02
        ? "The servers report failures too: the cause is not only between this machine and the servers."
        : "The servers respond to other clients without errors: check this machine, its network and this key first."
  const lines =
    coverage === 0
      ? ["The metrics of the account do not contain the deployment: it had no traffic, or has another name."]
      : [counted, ...(open ? [meaning] : [])]
  return { counts: { ...counts }, lines }
}
