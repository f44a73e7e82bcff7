/**
 * Judges the responses of a server.
 *
 * @since 0.1.0
 */
import type { ApiError } from "../../../ApiError.js"
import { reasons } from "../../../internal/reasons.js"
import { withoutAccount } from "../../../internal/redact.js"
import {
  checkHost,
  behindProxy,
  distrustedProxy,
  failed,
  judged,
  finding,
  type Judged,
  mark,
  type Name,
  note,
  ok,
  formatMillis,
  skipped
} from "./findings.js"
import type { Observation } from "./observation.js"
import { isElsewhere, type Outcome, type Reached } from "./probes.js"
import type { Finding, Side } from "./model.js"

// --- Responses ---------------------------------------------------------------------------------------------

/** Returns the side of an error. */
const sideOf = ({ phase, reason }: ApiError): Side =>
  phase === "connect" || phase === "write" ? "yours" : reasons[reason].side

const titles: { readonly [R in ApiError["reason"]]?: string } = {
  RateExceeded: "The rate limit of the account is exceeded",
  Capacity: "The deployment has no capacity left",
  Overloaded: "The server is overloaded",
  ScalingUp: "The deployment is scaling up, and accepts no requests yet",
  WeightSwap: "The deployment is loading new weights, and accepts no requests for a moment",
  Unauthorized: "The API key is not accepted",
  PaymentRequired: "The plan or balance of the account does not allow the call",
  Forbidden: "The API key is not allowed to do this",
  PreconditionFailed: "The state of the account or the model does not allow the call",
  QuotaExhausted: "The quota of the account is exhausted",
  InvalidAnswer: "The response is not one of the API",
  Decode: "The response is not one of the API",
  StreamBroken: "The response begins and never ends",
  ProxyRefused: "The proxy refuses the call",
  UnexpectedStatus: "The API has no such status"
}

/** Instructions that replace the advice of the error, which is for the author of a client. */
const steps: { readonly [R in ApiError["reason"]]?: ReadonlyArray<string> } = {
  ScalingUp: [
    "Wait a few minutes and run the doctor again. Calls under Workload.agentic wait by themselves.",
    "To avoid scaling to zero, set the minimum of the deployment to one replica."
  ],
  Unauthorized: [
    "Check that FIREWORKS_API_KEY is complete, belongs to this account, and is not revoked. If in doubt, create a new key."
  ],
  Decode: [
    "Check --url or FIREWORKS_BASE_URL: the response may come from another API or a gateway.",
    "If the URL is right, the API may be newer than this version of effect-reliability: update the package."
  ],
  StreamBroken: [
    "Run the doctor again. If the problem persists, check for a proxy or gateway that truncates responses."
  ]
}

const evidenceOf = (error: ApiError): ReadonlyArray<string> => {
  // the detail of a timeout is its limit, and not a message of the server
  if (error.reason === "Timeout") return []
  const response =
    error.status === undefined
      ? undefined
      : `HTTP ${error.status}${error.code === undefined || error.code === `${error.status}` ? "" : `, ${error.code}`}`
  return [
    ...(response === undefined
      ? error.code === undefined
        ? []
        : [`The code is ${error.code}.`]
      : [`The response was ${response}.`]),
    ...(error.reason === "Decode"
      ? ["The response is JSON, but does not have the fields of the API."]
      : error.reason === "InvalidAnswer" && error.status === undefined
        ? ["The response is not HTTP."]
        : error.detail === undefined || error.status === undefined
          ? []
          : [`${error.status < 400 ? "The problem" : "The server says"}: ${error.detail}`]),
    ...(error.requestId === undefined ? [] : [`Request id, for support: ${error.requestId}`])
  ]
}

/** True if a proxy may respond instead of the server: it does for http: URLs. */
const mayBeProxy = ({ proxy, secure }: Observation): boolean => proxy._tag === "Used" && !secure

const keyless = "The server refuses calls even without a key"

const intermediary = ({ proxy }: Observation): string =>
  proxy._tag === "Used" ? `the proxy ${proxy.url}` : "a proxy or gateway"

const checkIntermediary = (seen: Observation): string =>
  `Check for ${intermediary(seen)} between this machine and the server, and whether the address of this network is blocked.`

/** The finding for a call that failed. */
const callFailed = (name: Name, seen: Observation, error: ApiError): Finding => {
  const { reason } = error
  const evidence = evidenceOf(error)
  if (reason === "Timeout" && error.phase !== "connect") {
    const more =
      "Run the doctor with more time: --timeout 60s. If a response arrives then, the server is slow: use a workload with longer timeouts."
    if (mayBeProxy(seen)) {
      const title = `The proxy accepts the connection, and no response arrives within ${formatMillis(seen.timeout)}`
      return finding(name, "silent", "unclear", title, evidence, [more, behindProxy(seen)])
    }
    return finding(
      name,
      "silent",
      "provider",
      name === "model"
        ? `The first token does not arrive within ${formatMillis(seen.timeout)}`
        : `The server accepts the connection, and no response arrives within ${formatMillis(seen.timeout)}`,
      [...evidence, "The DNS lookup, the connection and the request succeeded. Only the response is missing."],
      [more, checkHost(seen.host)]
    )
  }
  if (reason === "Tls" && mayBeProxy(seen)) return distrustedProxy(name, evidence)
  if (reason === "ConnectionLost") {
    return finding(name, "reset", "unclear", "The connection breaks before the response", evidence, [
      "Check for a firewall, VPN or proxy that closes connections.",
      checkHost(seen.host)
    ])
  }
  if (reason === "NotFound") {
    return name === "model" || name === "metrics"
      ? finding(name, "not-found", "account", "The model or deployment does not exist for this key", evidence, [
          "Check --model and --deployment, and that the model is deployed in the account of this key."
        ])
      : finding(name, "not-found", "yours", "The API is not at this URL", evidence, [
          "Check --url or FIREWORKS_BASE_URL: the URL without /inference/v1, such as https://api.fireworks.ai."
        ])
  }
  const { status } = error
  const code = mark(reason.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "-"))
  const side = sideOf(error)
  if (name === "http" && side === "account")
    return finding(name, code, "unclear", keyless, evidence, [checkIntermediary(seen)])
  const title =
    titles[reason] ??
    (status === undefined
      ? `The call fails: ${reason}`
      : status >= 500
        ? `The server fails with HTTP ${status}`
        : `The call fails with HTTP ${status}`)
  const own =
    mayBeProxy(seen) && status !== undefined && status >= 500
      ? ["The response may come from the proxy: check its log."]
      : []
  return finding(name, code, side, title, evidence, [...(steps[reason] ?? [error.advice]), ...own])
}

/** True if a response took longer than the network alone explains. */
const isSlow = ({ timeout }: Observation, millis: number): boolean => millis > Math.max(1000, timeout / 4)

const slowResponse = (name: Name, millis: number): Finding =>
  finding(
    name,
    "slow",
    "provider",
    "The server responds slowly",
    [`The response took ${formatMillis(millis)}, although connecting was fast.`],
    [
      "Check the status page of the provider, and run the doctor again in a few minutes.",
      "Give calls more time: Workload.agentic and Workload.largeModel allow 30 minutes."
    ]
  )

const skew = 5 * 60_000

const formatSkew = (millis: number): string => {
  const hours = millis / 3_600_000
  return hours < 2
    ? `${Math.round(hours * 60)} minutes`
    : hours < 48
      ? `${Math.round(hours)} hours`
      : `${Math.round(hours / 24)} days`
}

const judgeResponse = (seen: Observation, reached: Reached, millis: number): Judged => {
  const { date, error, location, status } = reached
  const findings: Array<Finding> = []
  const offset = date === undefined ? 0 : seen.at - date
  if (Math.abs(offset) >= skew) {
    findings.push(
      note(
        "http",
        "clock",
        "yours",
        "The clock of this machine is wrong",
        [`The clock is ${formatSkew(Math.abs(offset))} ${offset > 0 ? "ahead of" : "behind"} the clock of the server.`],
        ["Set the clock by the network (NTP): certificates and dates in Retry-After depend on it."]
      )
    )
  }
  if (status >= 300 && status <= 399) {
    findings.push(
      finding(
        "http",
        "redirect",
        "yours",
        "The request is redirected",
        [`The response was HTTP ${status}, to ${location ?? "no location"}.`],
        ["If this network has a login page, sign in. Check --url: the API has no redirects."]
      )
    )
  } else if (isElsewhere(reached)) {
    findings.push(
      finding(
        "http",
        "page",
        "yours",
        "The response is a web page, and not from the API",
        [`The response was HTTP ${status} with HTML.`],
        ["Check --url. The page may come from a login page of this network, a proxy or a filter."]
      )
    )
  } else if (error !== undefined && status !== 401 && status !== 403 && error._tag !== "RateLimit") {
    findings.push(callFailed("http", seen, error))
  } else if (isSlow(seen, millis)) findings.push(slowResponse("http", millis))
  const problem = findings.some(({ severity }) => severity === "problem")
  const summary = `HTTP ${status} without a key`
  return judged((problem ? failed : ok)("http", summary, millis), ...findings)
}

const summaryOf = ({ timeout }: Observation, { reason, status }: ApiError): string => {
  if (reason === "Timeout") return `no response within ${formatMillis(timeout)}`
  return status === undefined ? reason : `HTTP ${status}, ${reason}`
}

export const judgeHttp = (seen: Observation): Judged => {
  const { http } = seen
  if (http === undefined) return judged(skipped("http", "not reached"))
  if (http._tag === "Ok") return judgeResponse(seen, http.value, http.millis)
  return {
    step: failed("http", summaryOf(seen, http.error), http.millis),
    findings: [callFailed("http", seen, http.error)]
  }
}

const judgeCall = (name: Name, seen: Observation, outcome: Outcome<unknown, ApiError>, good: string): Judged => {
  if (outcome._tag === "Failed") {
    return {
      step: failed(name, summaryOf(seen, outcome.error), outcome.millis),
      findings: [callFailed(name, seen, outcome.error)]
    }
  }
  const slow = name === "key" && isSlow(seen, outcome.millis)
  return slow
    ? judged(failed(name, good, outcome.millis), slowResponse(name, outcome.millis))
    : judged(ok(name, good, outcome.millis))
}

/** Compares a failure of the key with the response to the call without a key. */
const comparedWithoutKey = (seen: Observation, judged: Judged): Judged => {
  const { http, keyed } = seen
  if (http?._tag !== "Ok" || keyed?._tag !== "Failed") return judged
  const [without, its] = [http.value.error, keyed.error]
  if (without === undefined || its.status === undefined || without.status !== its.status) return judged
  const changed = (evidence: string, next: string, changes: Partial<Finding> = {}): Judged => ({
    ...judged,
    findings: judged.findings.map((one) => ({
      ...one,
      ...changes,
      evidence: [...one.evidence, evidence],
      next: [...one.next, next]
    }))
  })
  if (its.status !== 401) {
    if (sideOf(its) !== "account") return judged
    return changed(
      `Without a key the response is HTTP ${its.status} too: this account is not the cause.`,
      checkIntermediary(seen),
      {
        side: "unclear",
        title: its._tag === "RateLimit" ? "The server refuses calls as too many, with a key and without" : keyless
      }
    )
  }
  // a call without a key gets 401 as well; the same code and detail mean that the key made no difference
  return without.code !== its.code || without.detail !== its.detail
    ? judged
    : changed(
        "Without a key the response is the same: the key may not have arrived.",
        `If the key is good, check for ${intermediary(seen)} that removes the key or responds instead of the API.`
      )
}

export const judgeKey = (seen: Observation): Judged => {
  const { key } = seen
  if (key === "malformed") {
    return {
      step: failed("key", "FIREWORKS_API_KEY has characters that a header cannot have"),
      findings: [
        finding(
          "key",
          "malformed",
          "yours",
          "The API key contains blanks, line breaks or other invalid characters",
          ["The key was not sent."],
          ["Set FIREWORKS_API_KEY again, without quotes and without the line break at the end of a file."]
        )
      ]
    }
  }
  if (key === "missing") {
    const without = note(
      "key",
      "missing",
      "yours",
      "The key and the model were not checked",
      ["FIREWORKS_API_KEY is not set."],
      ["Set FIREWORKS_API_KEY to check them."]
    )
    const step = skipped("key", "FIREWORKS_API_KEY is not set")
    // if the server was not reached, that is the finding
    return seen.http?._tag === "Ok" ? judged(step, without) : judged(step)
  }
  if (seen.http?._tag === "Ok" && isElsewhere(seen.http.value)) {
    return judged(skipped("key", "not sent: the response without a key is not from the API"))
  }
  return seen.keyed === undefined
    ? judged(skipped("key", "not reached"))
    : comparedWithoutKey(seen, judgeCall("key", seen, seen.keyed, "accepted"))
}

export const judgeModel = (seen: Observation): Judged => {
  const { first, model } = seen
  if (model === undefined) return judged(skipped("model", "no --model or --deployment"))
  return first === undefined
    ? judged(skipped("model", "not reached"))
    : judgeCall("model", seen, first, `${withoutAccount(model)} responds`)
}

export const judgeMetrics = (seen: Observation): Judged | undefined => {
  const { deployment, metrics } = seen
  if (deployment === undefined) return undefined
  if (metrics === undefined) return judged(skipped("metrics", "not reached"))
  if (metrics._tag === "Failed") {
    const { findings } = judgeCall("metrics", seen, metrics, "")
    // calls do not depend on metrics
    const step = failed("metrics", `not readable: ${summaryOf(seen, metrics.error)}`, metrics.millis)
    const title = "The metrics of the deployment cannot be read"
    return {
      step,
      findings: findings.map((one) => ({
        ...one,
        severity: "note",
        title,
        evidence: [`${one.title}.`, ...one.evidence]
      }))
    }
  }
  const { errors, requests } = metrics.value
  return judged(
    ok("metrics", `${Math.round(requests)} requests, ${Math.round(errors)} errors in the last minute`, metrics.millis)
  )
}
