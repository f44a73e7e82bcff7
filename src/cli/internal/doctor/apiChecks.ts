/**
 * What is made of a server's answers.
 *
 * @since 0.1.0
 */
import type { ApiError } from "../../../ApiError.js"
import { reasons } from "../../../internal/reasons.js"
import { withoutAccount } from "../../../internal/redact.js"
import {
  atAll,
  behindProxy,
  distrustedProxy,
  failed,
  fine,
  finding,
  type Judged,
  mark,
  type Name,
  note,
  ok,
  said,
  skipped
} from "./findings.js"
import type { Observation } from "./observation.js"
import { isElsewhere, type Outcome, type Reached } from "./probes.js"
import type { Finding, Side } from "./model.js"

// --- Answers ---------------------------------------------------------------------------------------------

/** Returns whose side an error is on. */
const sideOf = ({ phase, reason }: ApiError): Side =>
  phase === "connect" || phase === "write" ? "yours" : reasons[reason].side

const titles: { readonly [R in ApiError["reason"]]?: string } = {
  RateExceeded: "The account's rate limit is used up",
  Capacity: "The deployment has no capacity left",
  Overloaded: "The server is overloaded",
  ScalingUp: "The deployment is scaling up, and takes no requests yet",
  WeightSwap: "The deployment is swapping its weights, and takes no requests for a moment",
  Unauthorized: "The API key is not accepted",
  PaymentRequired: "The account's plan or balance does not allow the call",
  Forbidden: "The API key is not allowed to do this",
  PreconditionFailed: "The account or the model is not in a state to be used",
  QuotaExhausted: "The account's quota is used up",
  InvalidAnswer: "What answers does not speak the API's language",
  Decode: "What answers does not speak the API's language",
  StreamBroken: "The answer begins and does not come to its end",
  ProxyRefused: "The proxy refuses the call",
  UnexpectedStatus: "The answer is none of the API's"
}

/** What to do, where the advice of errors is for who writes the client. */
const steps: { readonly [R in ApiError["reason"]]?: ReadonlyArray<string> } = {
  ScalingUp: [
    "Wait a few minutes and run this again; meanwhile, calls under Workload.agentic wait by themselves.",
    "To keep it from scaling to zero, set its minimum to one replica."
  ],
  Unauthorized: [
    "Check FIREWORKS_API_KEY: that it is whole, of this account, and not revoked; make a new one if in doubt."
  ],
  Decode: [
    "Check --url or FIREWORKS_BASE_URL: another API, or a gateway, may answer in the API's place.",
    "If it is right, the API may be newer than this version of effect-reliability: update it."
  ],
  StreamBroken: ["Run this again. If it stays so, look for a proxy or gateway in between that cuts answers off."]
}

const quoted = (error: ApiError): ReadonlyArray<string> => {
  // a timeout quotes its own limit, and nothing of the server
  if (error.reason === "Timeout") return []
  const answer =
    error.status === undefined
      ? undefined
      : `HTTP ${error.status}${error.code === undefined || error.code === `${error.status}` ? "" : `, ${error.code}`}`
  return [
    ...(answer === undefined
      ? error.code === undefined
        ? []
        : [`The code is ${error.code}.`]
      : [`The answer was ${answer}.`]),
    ...(error.reason === "Decode"
      ? ["It is JSON, but its fields are not those of the API's answers."]
      : error.reason === "InvalidAnswer" && error.status === undefined
        ? ["It is no HTTP."]
        : error.detail === undefined || error.status === undefined
          ? []
          : [`${error.status < 400 ? "What is wrong with it" : "The server says"}: ${error.detail}`]),
    ...(error.requestId === undefined ? [] : [`Request id, for support: ${error.requestId}`])
  ]
}

/** A proxy answers in the server's name where the URL is http:. */
const answersItself = ({ proxy, secure }: Observation): boolean => proxy._tag === "Used" && !secure

const keyless = "Calls are refused even without a key"

const between = ({ proxy }: Observation): string =>
  proxy._tag === "Used" ? `the proxy ${proxy.url}` : "a proxy or gateway"

const lookBetween = (seen: Observation): string =>
  `Look at what stands in between, such as ${between(seen)}, and at what the address of this network is allowed.`

/** What a call that was made with no attempt but one failed of. */
const called = (name: Name, seen: Observation, error: ApiError): Finding => {
  const { reason } = error
  const evidence = quoted(error)
  if (reason === "Timeout" && error.phase !== "connect") {
    const more =
      "Try again with more time: --timeout 60s. If an answer comes then, the server is slow: give calls a workload with more patience."
    if (answersItself(seen)) {
      const title = `The proxy takes the connection, and no answer comes within ${said(seen.timeout)}`
      return finding(name, "silent", "unclear", title, evidence, [more, behindProxy(seen)])
    }
    return finding(
      name,
      "silent",
      "provider",
      name === "model"
        ? `The first token does not come within ${said(seen.timeout)}`
        : `The server takes the connection and gives no answer within ${said(seen.timeout)}`,
      [...evidence, "Name lookup, connection and writing were fine: it is the answer that does not come."],
      [more, atAll(seen.host)]
    )
  }
  if (reason === "Tls" && answersItself(seen)) return distrustedProxy(name, evidence)
  if (reason === "ConnectionLost") {
    return finding(name, "reset", "unclear", "The connection breaks off before the answer", evidence, [
      "Look for a firewall, VPN or proxy in between that ends connections.",
      atAll(seen.host)
    ])
  }
  if (reason === "NotFound") {
    return name === "model" || name === "metrics"
      ? finding(name, "not-found", "account", "The model or deployment does not exist for this key", evidence, [
          "Check --model and --deployment, and that it is deployed in the account of this key."
        ])
      : finding(name, "not-found", "yours", "The API is not at this URL", evidence, [
          "Check --url or FIREWORKS_BASE_URL: it is the part before /inference/v1, such as https://api.fireworks.ai."
        ])
  }
  const { status } = error
  const code = mark(reason.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "-"))
  const side = sideOf(error)
  if (name === "http" && side === "account")
    return finding(name, code, "unclear", keyless, evidence, [lookBetween(seen)])
  const title =
    titles[reason] ??
    (status === undefined
      ? `The call fails: ${reason}`
      : status >= 500
        ? `The server fails with HTTP ${status}`
        : `The call fails with HTTP ${status}`)
  const own =
    answersItself(seen) && status !== undefined && status >= 500
      ? ["The answer may be the proxy's own: look at its log."]
      : []
  return finding(name, code, side, title, evidence, [...(steps[reason] ?? [error.advice]), ...own])
}

/** Whether a request that was read and looked up took so long that more is wrong than distance. */
const isSlow = ({ timeout }: Observation, millis: number): boolean => millis > Math.max(1000, timeout / 4)

const slowly = (name: Name, millis: number): Finding =>
  finding(
    name,
    "slow",
    "provider",
    "The server answers slowly",
    [`The answer took ${said(millis)}; connecting was quick.`],
    [
      "Look at the provider's status page, and run this again in a few minutes.",
      "Give calls more time: Workload.agentic and Workload.largeModel have minutes."
    ]
  )

const skew = 5 * 60_000

const apartSaid = (millis: number): string => {
  const hours = millis / 3_600_000
  return hours < 2
    ? `${Math.round(hours * 60)} minutes`
    : hours < 48
      ? `${Math.round(hours)} hours`
      : `${Math.round(hours / 24)} days`
}

const answered = (seen: Observation, reached: Reached, millis: number): Judged => {
  const { date, error, location, status } = reached
  const findings: Array<Finding> = []
  const apart = date === undefined ? 0 : seen.at - date
  if (Math.abs(apart) >= skew) {
    findings.push(
      note(
        "http",
        "clock",
        "yours",
        "This machine's clock is off",
        [`It is ${apartSaid(Math.abs(apart))} ${apart > 0 ? "ahead of" : "behind"} the server's.`],
        ["Let it be set by the network (NTP): certificates and dates in Retry-After are read against it."]
      )
    )
  }
  if (status >= 300 && status <= 399) {
    findings.push(
      finding(
        "http",
        "redirect",
        "yours",
        "Something sends the request elsewhere",
        [`The answer was HTTP ${status}, to ${location ?? "nowhere"}.`],
        ["Sign in, if it is a network with a login page. Check --url: the API redirects nobody."]
      )
    )
  } else if (isElsewhere(reached)) {
    findings.push(
      finding(
        "http",
        "page",
        "yours",
        "A web page answers, and not the API",
        [`The answer was HTTP ${status} with HTML.`],
        ["Check --url. A login page of the network, a proxy or a filter may answer in the API's place."]
      )
    )
  } else if (error !== undefined && status !== 401 && status !== 403 && error._tag !== "RateLimit") {
    findings.push(called("http", seen, error))
  } else if (isSlow(seen, millis)) findings.push(slowly("http", millis))
  const problem = findings.some(({ severity }) => severity === "problem")
  const summary = `answers ${status} without a key`
  return fine((problem ? failed : ok)("http", summary, millis), ...findings)
}

const summaryOf = ({ timeout }: Observation, { reason, status }: ApiError): string => {
  if (reason === "Timeout") return `no answer within ${said(timeout)}`
  return status === undefined ? reason : `HTTP ${status}, ${reason}`
}

export const asked = (seen: Observation): Judged => {
  const { http } = seen
  if (http === undefined) return fine(skipped("http", "not reached"))
  if (http._tag === "Ok") return answered(seen, http.value, http.millis)
  return {
    step: failed("http", summaryOf(seen, http.error), http.millis),
    findings: [called("http", seen, http.error)]
  }
}

const judged = (name: Name, seen: Observation, outcome: Outcome<unknown, ApiError>, good: string): Judged => {
  if (outcome._tag === "Failed") {
    return {
      step: failed(name, summaryOf(seen, outcome.error), outcome.millis),
      findings: [called(name, seen, outcome.error)]
    }
  }
  const slow = name === "key" && isSlow(seen, outcome.millis)
  return slow
    ? fine(failed(name, good, outcome.millis), slowly(name, outcome.millis))
    : fine(ok(name, good, outcome.millis))
}

/** What is wrong with the key, held against the answer to the call without it. */
const compared = (seen: Observation, judged: Judged): Judged => {
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
      `Without a key the answer is HTTP ${its.status} too: it is not because of this account.`,
      lookBetween(seen),
      { side: "unclear", title: its._tag === "RateLimit" ? "Calls are too many, with a key and without" : keyless }
    )
  }
  // a call without a key is to get 401, though not as if it had one
  return without.code !== its.code || without.detail !== its.detail
    ? judged
    : changed(
        "Without a key the answer is the same: the key may not have arrived.",
        `If the key is good, look for what drops it or answers in the API's place, such as ${between(seen)}.`
      )
}

export const keyed = (seen: Observation): Judged => {
  const { key } = seen
  if (key === "malformed") {
    return {
      step: failed("key", "FIREWORKS_API_KEY holds what no header can"),
      findings: [
        finding(
          "key",
          "malformed",
          "yours",
          "The API key has blanks, line breaks or other characters in it that it cannot have",
          ["It was not sent."],
          [
            "Set FIREWORKS_API_KEY again, without quotes and line breaks: a file's last line end is easily copied along."
          ]
        )
      ]
    }
  }
  if (key === "missing") {
    const without = note(
      "key",
      "missing",
      "yours",
      "Key and model were not tried",
      ["FIREWORKS_API_KEY is not set."],
      ["Set FIREWORKS_API_KEY to try them."]
    )
    const step = skipped("key", "FIREWORKS_API_KEY is not set")
    // where the server is not reached, there is more to say
    return seen.http?._tag === "Ok" ? fine(step, without) : fine(step)
  }
  if (seen.http?._tag === "Ok" && isElsewhere(seen.http.value)) {
    return fine(skipped("key", "not sent: something else answers in the API's place"))
  }
  return seen.keyed === undefined
    ? fine(skipped("key", "not reached"))
    : compared(seen, judged("key", seen, seen.keyed, "accepted"))
}

export const spoken = (seen: Observation): Judged => {
  const { first, model } = seen
  if (model === undefined) return fine(skipped("model", "none given: --model or --deployment"))
  return first === undefined
    ? fine(skipped("model", "not reached"))
    : judged("model", seen, first, `${withoutAccount(model)} begins to answer`)
}

export const measured = (seen: Observation): Judged | undefined => {
  const { deployment, metrics } = seen
  if (deployment === undefined) return undefined
  if (metrics === undefined) return fine(skipped("metrics", "not reached"))
  if (metrics._tag === "Failed") {
    const { findings } = judged("metrics", seen, metrics, "")
    // what the API exports is no part of what calls need
    const step = failed("metrics", `not readable: ${summaryOf(seen, metrics.error)}`, metrics.millis)
    const title = "The deployment's metrics cannot be read"
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
  return fine(
    ok("metrics", `${Math.round(requests)} requests, ${Math.round(errors)} errors in the last minute`, metrics.millis)
  )
}
