/** Observations of the doctor that lead to each of its findings, once: the table of findings is rendered from them. */
import { ApiError, Classify } from "effect-reliability"
import type { Doctor } from "effect-reliability/cli"
import { judge } from "../../src/cli/internal/doctor/diagnosis.js"
import type { Observation } from "../../src/cli/internal/doctor/observation.js"
import type { Handshake, Outcome, Reached } from "../../src/cli/internal/doctor/probes.js"

const ok = <A>(value: A, millis = 10): Outcome<A, never> => ({ _tag: "Ok", millis, value })
const failed = <E>(error: E): Outcome<never, E> => ({ _tag: "Failed", millis: 10, error })

const now = Date.UTC(2026, 5, 7)
const day = 24 * 3_600_000

const certificate: Handshake = {
  protocol: "TLSv1.3",
  distrust: undefined,
  subject: "api.example.com",
  issuer: "Example CA",
  names: ["api.example.com"],
  validFrom: now - 30 * day,
  validTo: now + 60 * day
}

const reached: Reached = { status: 401, error: undefined, isPage: false, location: undefined, date: now }

/** An observation without a problem. */
const healthy: Observation = {
  url: "https://api.example.com",
  host: "api.example.com",
  port: 443,
  secure: true,
  at: now,
  timeout: 10_000,
  proxy: { _tag: "None" },
  trustsAll: false,
  dns: ok([{ address: "192.0.2.1", family: 4 }]),
  tcp: [{ address: "192.0.2.1", family: 4, outcome: ok(undefined) }],
  tls: ok(certificate),
  http: ok(reached),
  key: "given",
  keyed: ok(undefined),
  model: "accounts/fireworks/models/m",
  first: ok(undefined),
  deployment: undefined
}

const proxy: Observation["proxy"] = {
  _tag: "Used",
  url: "http://proxy.example.com",
  host: "proxy.example.com",
  port: 80
}

const response = (status: number, code?: string): ApiError.ApiError =>
  Classify.answer({ status, now, ...(code !== undefined && { body: { error: { code, message: "" } } }) })

const timeout = new ApiError.Transient({ reason: "Timeout", delivery: "Unconfirmed", phase: "attempt" })
const reset = new ApiError.Transient({ reason: "ConnectionLost", delivery: "Unconfirmed", code: "ECONNRESET" })

const tcp = (...addresses: ReadonlyArray<readonly [family: 4 | 6, code: string | number]>): Partial<Observation> => ({
  tcp: addresses.map(([family, code]) => ({
    address: family === 4 ? "192.0.2.1" : "2001:db8::1",
    family,
    outcome: typeof code === "number" ? ok(undefined, code) : failed(code)
  }))
})

/** What differs from the healthy observation, for one finding each. */
const changes: ReadonlyArray<Partial<Observation>> = [
  { trustsAll: true },
  { proxy: { _tag: "Invalid" } },
  { dns: failed("ENOTFOUND") },
  { dns: failed("EAI_AGAIN") },
  tcp([4, "ECONNREFUSED"]),
  tcp([4, "TIMEOUT"]),
  tcp([4, "ENETUNREACH"]),
  tcp([6, "ENETUNREACH"], [4, 10]),
  tcp([4, "ECONNREFUSED"], [4, 10]),
  tcp([4, 5000]),
  { tls: ok({ ...certificate, distrust: "CERT_NOT_YET_VALID" }) },
  { tls: ok({ ...certificate, distrust: "CERT_HAS_EXPIRED", validTo: now - day }) },
  { tls: ok({ ...certificate, distrust: "ERR_TLS_CERT_ALTNAME_INVALID" }) },
  { tls: ok({ ...certificate, distrust: "SELF_SIGNED_CERT_IN_CHAIN" }) },
  { proxy, tls: failed("PROXY_403") },
  { proxy, tls: failed("PROXY_DEPTH_ZERO_SELF_SIGNED_CERT") },
  { proxy, tls: failed("PROXY_TIMEOUT") },
  { proxy, tls: failed("PROXY_ECONNRESET") },
  { tls: failed("ERR_SSL_WRONG_VERSION_NUMBER") },
  { tls: failed("TIMEOUT") },
  { tls: failed("ECONNRESET") },
  { tls: ok({ ...certificate, validTo: now + 3 * day }) },
  { http: ok({ ...reached, date: now - day }) },
  { http: ok({ ...reached, status: 302, location: "login.example.com" }) },
  { http: ok({ ...reached, status: 200, isPage: true }) },
  { http: ok({ ...reached, status: 404, error: response(404) }) },
  { http: ok(reached, 5000) },
  { http: failed(timeout) },
  { http: failed(reset) },
  { key: "malformed" },
  { key: "missing" },
  { keyed: failed(response(401)) },
  { keyed: failed(response(429)) },
  { first: failed(timeout) },
  { first: failed(response(404)) },
  { first: failed(response(503, "DEPLOYMENT_SCALING_UP")) },
  { first: failed(response(503)) },
  { deployment: "d", metrics: failed(response(403)) }
]

/** A finding of each code, in the order of the steps. */
export const findings: ReadonlyArray<Doctor.Finding> = changes.flatMap(
  (change) => judge({ ...healthy, ...change }).findings
)
