/**
 * Judges the way to a server: the proxy, the name, the addresses and the certificate.
 *
 * @since 0.1.0
 */
import * as net from "node:net"
import {
  checkHost,
  behindProxy,
  describeCode,
  distrustedProxy,
  failed,
  judged,
  finding,
  isLoopback,
  type Judged,
  mark,
  note,
  ok,
  formatMillis,
  skipped
} from "./findings.js"
import type { Observation } from "./observation.js"
import { type Handshake, noTunnel, outOfTime } from "./probes.js"
import type { Finding } from "./model.js"

/** The host and port that connections are made to: the server or the proxy. */
const peerOf = ({ host, port, proxy }: Observation) =>
  proxy._tag === "Used" ? { host: proxy.host, port: proxy.port, what: "the proxy " } : { host, port, what: "" }

// --- Proxy, DNS and TCP -------------------------------------------------------------------------------------

export const judgeProxy = ({ proxy, trustsAll, url }: Observation): Judged => {
  const unchecked = trustsAll
    ? [
        note(
          "proxy",
          "certificates-unchecked",
          "yours",
          "This process trusts every certificate",
          ["NODE_TLS_REJECT_UNAUTHORIZED is 0: a machine between this one and the server can read the key."],
          [
            "Unset NODE_TLS_REJECT_UNAUTHORIZED. To trust another certificate authority, set NODE_EXTRA_CA_CERTS to a file with its certificate."
          ]
        )
      ]
    : []
  switch (proxy._tag) {
    case "None":
      return judged(ok("proxy", "none in the environment"), ...unchecked)
    case "Used":
      return judged(ok("proxy", `${proxy.url}, from the environment`), ...unchecked)
    case "Invalid":
      return {
        step: failed("proxy", "the proxy of the environment is not an http: or https: URL"),
        findings: [
          finding(
            "proxy",
            "invalid",
            "yours",
            "The proxy of the environment is not an http: or https: URL",
            [`The proxy applies to ${url}.`],
            ["Correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, or add the host to NO_PROXY."]
          ),
          ...unchecked
        ]
      }
  }
}

export const judgeDns = (seen: Observation): Judged => {
  const { host, what } = peerOf(seen)
  if (net.isIP(host) !== 0) return judged(ok("dns", `${what}${host} is an IP address`))
  const { dns } = seen
  if (dns === undefined) return judged(skipped("dns", "not reached"))
  if (dns._tag === "Ok") {
    const addresses = dns.value.map(({ address }) => address).join(", ")
    return judged(ok("dns", `${what}${host} is ${addresses}`, dns.millis))
  }
  const code = dns.error
  const described = describeCode(code, seen.timeout)
  const step = failed("dns", `${what}${host}: ${described}`, dns.millis)
  const unknown = code === "ENOTFOUND" || code === "ENODATA"
  const [name, setting] =
    what === ""
      ? [`The name ${host}`, "--url or FIREWORKS_BASE_URL"]
      : [`The proxy name ${host}`, "HTTPS_PROXY or HTTP_PROXY"]
  const hints = unknown
    ? [
        `Check the spelling of the host in ${setting}.`,
        `Run nslookup ${host}. If only this machine does not find the name, correct its DNS server or VPN.`
      ]
    : [
        "Check that this machine has a network, and which DNS server it uses (/etc/resolv.conf, the VPN, the settings of the container).",
        `Run nslookup ${host}.`
      ]
  return {
    step,
    findings: [
      finding(
        "dns",
        unknown ? "not-found" : "no-answer",
        "yours",
        unknown ? `${name} does not exist` : `${name} cannot be looked up`,
        [
          unknown
            ? `The DNS server of this machine reports ${code}. Nothing was sent.`
            : code === outOfTime
              ? `The DNS server of this machine gives ${described}. Nothing was sent.`
              : `The DNS server of this machine does not respond (${code}). Nothing was sent.`
        ],
        hints
      )
    ]
  }
}

/** The finding for a host none of whose addresses accepts a connection. */
const connectFailed = (seen: Observation, code: string, evidence: ReadonlyArray<string>): Finding => {
  const { host, port, what } = peerOf(seen)
  const place = `${what}${host}, port ${port}`
  const firewall = `Check that the firewall, the VPN and the security groups allow connections to ${host}, port ${port}.`
  if (what !== "") {
    return finding("tcp", mark(code), "yours", `Cannot connect to ${place}`, evidence, [
      "Check HTTPS_PROXY and HTTP_PROXY, and that the proxy is running. Add hosts that need no proxy to NO_PROXY."
    ])
  }
  if (isLoopback(host)) {
    return mark(code) === "silent"
      ? finding("tcp", "silent", "yours", `The server at ${place} accepts no connections`, evidence, [
          "The address is this machine: check the log of the server. It hangs, or its queue of connections is full."
        ])
      : finding("tcp", mark(code), "yours", `Nothing listens at ${place}`, evidence, [
          "Start the server, or correct the port in --url or FIREWORKS_BASE_URL. The address is this machine."
        ])
  }
  switch (code) {
    case "ECONNREFUSED":
      return finding("tcp", mark(code), "unclear", `Connections to ${place} are refused`, evidence, [
        "Check the port in --url.",
        firewall,
        checkHost(host)
      ])
    case outOfTime:
    case "ETIMEDOUT":
      return finding("tcp", mark(code), "yours", `Connections to ${place} get no response`, evidence, [
        `${firewall} A firewall often drops connections without a response.`,
        checkHost(host)
      ])
    default:
      return finding("tcp", mark(code), "yours", `There is no route to ${place}`, evidence, [
        "Check that this machine has a network and a route to the internet.",
        firewall
      ])
  }
}

export const judgeTcp = (seen: Observation): Judged => {
  const { tcp, timeout } = seen
  if (tcp === undefined) return judged(skipped("tcp", "not reached"))
  const { host, port, what } = peerOf(seen)
  const lines = tcp.map(
    ({ address, outcome }) => `${address}: ${outcome._tag === "Ok" ? "connects" : describeCode(outcome.error, timeout)}`
  )
  const good = tcp.filter(({ outcome }) => outcome._tag === "Ok")
  const bad = tcp.flatMap(({ address, family, outcome }) =>
    outcome._tag === "Failed" ? [{ address, family, code: outcome.error }] : []
  )
  const fastest = Math.min(...good.map(({ outcome }) => outcome.millis))
  const [first] = bad
  const [only, ...others] = lines
  const single = others.length === 0 && only !== undefined
  const summary = single
    ? `port ${port} of ${what}${only}`
    : `port ${port}${what === "" ? "" : " of the proxy"} connects at ${good.length} of ${tcp.length} addresses`
  if (good.length === 0) {
    const step = failed("tcp", summary, single ? tcp[0]?.outcome.millis : undefined, single ? [] : lines)
    return { step, findings: [connectFailed(seen, first?.code ?? "UNKNOWN", [...lines, "Nothing was sent."])] }
  }
  const step = ok("tcp", summary, fastest, single ? [] : lines)
  const findings: Array<Finding> = []
  if (bad.length > 0) {
    // a host that refuses a connection was reached
    const v6 =
      bad.every(({ code, family }) => family === 6 && code !== "ECONNREFUSED") &&
      good.every(({ family }) => family === 4)
    findings.push(
      note(
        "tcp",
        v6 ? "no-ipv6" : "some-unreachable",
        v6 || isLoopback(host) ? "yours" : "unclear",
        v6 ? "IPv6 does not work from here" : "Some of the addresses accept no connections",
        bad.map(({ address, code }) => `${address}: ${describeCode(code, timeout)}`),
        [
          v6
            ? "Nothing, while IPv4 works: Node uses the next address. Clients that do not may hang."
            : `Node uses the next address; clients that use only one address sometimes fail. ${isLoopback(host) ? "Make the server listen on all addresses." : `If the problem persists, report it to the operator of ${host}.`}`
        ]
      )
    )
  }
  if (fastest > timeout / 4) {
    findings.push(
      finding(
        "tcp",
        "slow",
        "yours",
        "Connecting is slow",
        [`The fastest address took ${formatMillis(fastest)}. Connecting needs only one round trip.`],
        ["Check the network: the VPN, the proxy, a weak Wi-Fi signal, a distant region."]
      )
    )
  }
  return judged(step, ...findings)
}

// --- TLS -------------------------------------------------------------------------------------------------

const day = (millis: number): string =>
  Number.isNaN(millis) ? "an unknown date" : new Date(millis).toISOString().slice(0, 10)

const describeCertificate = ({ issuer, names, subject, validFrom, validTo }: Handshake): ReadonlyArray<string> => [
  `The certificate is for ${names.slice(0, 4).join(", ") || subject}${names.length > 4 ? ", …" : ""}; issued by ${issuer}; valid from ${day(validFrom)} to ${day(validTo)}.`
]

const untrusted = (seen: Observation, handshake: Handshake, code: string): Finding => {
  const evidence = [...describeCertificate(handshake), `Node does not trust it: ${code}. Nothing was sent.`]
  const clock = "Check the date and time of this machine."
  if (code === "CERT_NOT_YET_VALID") {
    return finding(
      "tls",
      "not-yet-valid",
      "yours",
      "The certificate is not valid yet, according to the clock of this machine",
      evidence,
      [clock]
    )
  }
  if (code === "CERT_HAS_EXPIRED") {
    return seen.at > handshake.validTo
      ? finding("tls", "expired", "provider", "The certificate of the server has expired", evidence, [
          clock,
          "If they are right, ask the operator of the server to renew the certificate."
        ])
      : finding("tls", "expired", "unclear", "A certificate authority of the server has expired", evidence, [clock])
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return finding("tls", "other-host", "yours", `The certificate is for another host than ${seen.host}`, evidence, [
      `Another server responds for ${seen.host}: check --url, /etc/hosts, the DNS server and the proxies.`
    ])
  }
  return finding(
    "tls",
    "untrusted",
    "yours",
    "The certificate is not trusted: TLS is intercepted, or the certificate is self-signed",
    evidence,
    [
      `If your own proxy or virus scanner intercepts TLS (the issuer is ${handshake.issuer}), set NODE_EXTRA_CA_CERTS to a file with its certificate.`,
      "If the server is your own, do the same with the certificate of the server.",
      "Otherwise send nothing: an unknown machine intercepts the connection. NODE_TLS_REJECT_UNAUTHORIZED=0 would give it your key."
    ]
  )
}

const isDistrust = (code: string): boolean => /CERT|ISSUER|SIGNATURE|ALTNAME/.test(code)

/** The finding for a proxy that opens no tunnel. The code is its status, or the error of the connection. */
const proxyFailed = (seen: Observation, code: string): Finding => {
  const unsent = "Nothing was sent to the server."
  if (/^\d+$/.test(code)) {
    const needsCredentials = code === "407"
    const title = needsCredentials ? "The proxy requires credentials" : "The proxy opens no tunnel to the server"
    return finding(
      "tls",
      "proxy-refused",
      code.startsWith("5") ? "unclear" : "yours",
      title,
      [`Its response was HTTP ${code}. ${unsent}`],
      [
        needsCredentials
          ? "Add the credentials to the URL of the proxy: HTTPS_PROXY=http://user:password@host:port."
          : code.startsWith("5")
            ? behindProxy(seen)
            : `Ask the operator of the proxy to allow ${seen.host}, port ${seen.port}, or add the host to NO_PROXY.`
      ]
    )
  }
  const evidence = [
    `The proxy accepted the connection, and then failed: ${describeCode(code, seen.timeout)}. ${unsent}`
  ]
  if (isDistrust(code)) return distrustedProxy("tls", evidence)
  return code === outOfTime
    ? finding("tls", "proxy-silent", "yours", "The proxy accepts the connection and opens no tunnel", evidence, [
        behindProxy(seen)
      ])
    : finding("tls", "proxy-broken", "yours", "The response is not that of a proxy", evidence, [
        "Check the host, the port and the scheme in HTTPS_PROXY: most proxies have an http: URL, for https: requests too.",
        "Check the log of the proxy."
      ])
}

const handshakeFailed = (seen: Observation, code: string): Finding => {
  if (code.startsWith(noTunnel)) return proxyFailed(seen, code.slice(noTunnel.length))
  const evidence = [
    `The server accepted the connection, and the TLS handshake failed (${describeCode(code, seen.timeout)}). Nothing was sent.`
  ]
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD/.test(code)) {
    return finding("tls", "not-tls", "yours", `Port ${seen.port} of ${seen.host} does not use TLS`, evidence, [
      "Check --url: a server without TLS needs an http: URL, and a server with TLS usually has port 443."
    ])
  }
  const silent = code === outOfTime
  return finding(
    "tls",
    silent ? "silent" : "broken",
    "unclear",
    silent
      ? "The server accepts the connection and does not respond to the TLS handshake"
      : "The connection breaks during the TLS handshake",
    evidence,
    [
      "Check for a firewall, VPN or proxy that accepts connections, and then drops those to hosts that are not allowed.",
      checkHost(seen.host)
    ]
  )
}

const twoWeeks = 14 * 24 * 3_600_000

export const judgeTls = (seen: Observation): Judged => {
  const { at, secure, tls } = seen
  if (!secure) return judged(skipped("tls", "not used: the URL is http:"))
  if (tls === undefined) return judged(skipped("tls", "not reached"))
  if (tls._tag === "Failed") {
    const code = tls.error.replace(noTunnel, "")
    const summary = /^\d+$/.test(code) ? `the response of the proxy is HTTP ${code}` : describeCode(code, seen.timeout)
    return { step: failed("tls", summary, tls.millis), findings: [handshakeFailed(seen, tls.error)] }
  }
  const { distrust, issuer, protocol, validTo } = tls.value
  if (distrust !== undefined) {
    return {
      step: failed("tls", `${protocol}, ${distrust}`, tls.millis),
      findings: [untrusted(seen, tls.value, distrust)]
    }
  }
  const step = ok("tls", `${protocol}, issued by ${issuer}, valid until ${day(validTo)}`, tls.millis)
  return validTo - at < twoWeeks
    ? judged(
        step,
        note(
          "tls",
          "expires-soon",
          "provider",
          "The certificate of the server expires soon",
          describeCertificate(tls.value),
          ["If it is not renewed in a few days, report it to the operator of the server."]
        )
      )
    : judged(step)
}
