/**
 * Reads the rates of deployments from the metrics of the API.
 *
 * @since 0.1.0
 */
import { parse, type Sample } from "./prometheus.js"

/**
 * The rates of a deployment's requests and errors, per second.
 *
 * @since 0.1.0
 * @category model
 */
export interface Rates {
  readonly requests: number
  readonly errors: number
  readonly byStatus: Readonly<Record<string, number>>
}

const requestsName = "request_counter_total:sum_by_deployment"
const errorsName = "requests_error_total:sum_by_deployment"
const wanted: ReadonlySet<string> = /*#__PURE__*/ new Set([requestsName, errorsName])

/** The maximum number of deployments to read, more than an account has. */
const maxDeployments = 2000

/** The full name of a deployment. */
export const fullName = /^accounts\/[\w.-]{1,128}\/deployments\/[\w.-]{1,128}$/

const nameOf = ({ labels }: Sample): string | undefined => {
  const [name, account, id] = [labels.get("deployment"), labels.get("deployment_account"), labels.get("deployment_id")]
  return [name, `accounts/${account}/deployments/${id}`].find((text) => text !== undefined && fullName.test(text))
}

const none: Rates = { requests: 0, errors: 0, byStatus: {} }

/**
 * Reads the rates of all deployments from the text of the metrics. Returns undefined if the text contains no metrics.
 *
 * Invalid rates are left out. Series of one deployment that differ in other labels are added up.
 */
export const parseRates = (text: string): ReadonlyMap<string, Rates> | undefined => {
  const { isMetrics, samples } = parse(text, wanted)
  if (!isMetrics) return undefined
  const found = new Map<string, Rates>()
  for (const sample of samples) {
    const { labels, name, value } = sample
    const deployment = nameOf(sample)
    if (deployment === undefined || !(value >= 0 && value < 1e9)) continue
    const rates = found.get(deployment) ?? none
    if (rates === none && found.size >= maxDeployments) continue
    if (name === requestsName) {
      found.set(deployment, { ...rates, requests: rates.requests + value })
      continue
    }
    const status = labels.get("http_code") ?? ""
    const byStatus = /^[1-9]\d\d$/.test(status)
      ? { ...rates.byStatus, [status]: (rates.byStatus[status] ?? 0) + value }
      : rates.byStatus
    found.set(deployment, { ...rates, errors: rates.errors + value, byStatus })
  }
  return found
}
