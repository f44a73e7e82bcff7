/**
 * What is made of the way to a server: proxy, name, addresses, certificate.
 *
 * @since 0.1.0
 */
import * as net from "node:net"
import {
  atAll,
  behindProxy,
  codeSaid,
  distrustedProxy,
  failed,
  fine,
  finding,
  isLoopback,
  type Judged,
  mark,
  note,
  ok,
  said,
  skipped
} from "./findings.js"
import type { Observation } from "./observation.js"
import { type Handshake, noTunnel, outOfTime } from "./probes.js"
import type { Finding } from "./model.js"

/** The host and port that connections are made to, and what is there. */
const reached = ({ host, port, proxy }: Observation) =>
  proxy._tag === "Used" ? { host: proxy.host, port: proxy.port, what: "the proxy " } : { host, port, what: "" }

// --- The way there -------------------------------------------------------------------------------------

export const proxied = ({ proxy, trustsAll, url }: Observation): Judged => {
  const unchecked = trustsAll
    ? [
        note(
          "proxy",
          "certificates-unchecked",
          "yours",
          "This process trusts every certificate",
          ["NODE_TLS_REJECT_UNAUTHORIZED is 0: whoever stands in the way can read the key."],
          ["Unset NODE_TLS_REJECT_UNAUTHORIZED. To trust one more authority, set NODE_EXTRA_CA_CERTS to its file."]
        )
      ]
    : []
  switch (proxy._tag) {
    case "None":
      return fine(ok("proxy", "none in the environment"), ...unchecked)
    case "Used":
      return fine(ok("proxy", `${proxy.url}, of the environment`), ...unchecked)
    case "Invalid":
      return {
        step: failed("proxy", "what the environment names is no http: or https: URL"),
        findings: [
          finding(
            "proxy",
            "invalid",
            "yours",
            "The proxy that the environment names is no http: or https: URL",
            [`It is the proxy for ${url}.`],
            ["Correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, or list the host in NO_PROXY."]
          ),
          ...unchecked
        ]
      }
  }
}

export const looked = (seen: Observation): Judged => {
  const { host, what } = reached(seen)
  if (net.isIP(host) !== 0) return fine(ok("dns", `${what}${host} is an address`))
  const { dns } = seen
  if (dns === undefined) return fine(skipped("dns", "not looked for"))
  if (dns._tag === "Ok") {
    const addresses = dns.value.map(({ address }) => address).join(", ")
    return fine(ok("dns", `${what}${host} is ${addresses}`, dns.millis))
  }
  const code = dns.error
  const said = codeSaid(code, seen.timeout)
  const step = failed("dns", `${what}${host}: ${said}`, dns.millis)
  const unknown = code === "ENOTFOUND" || code === "ENODATA"
  const [name, setting] =
    what === ""
      ? [`The name ${host}`, "--url or FIREWORKS_BASE_URL"]
      : [`The proxy's name ${host}`, "HTTPS_PROXY or HTTP_PROXY"]
  const hints = unknown
    ? [
        `Check the spelling of the host in ${setting}.`,
        `Ask for it by hand: nslookup ${host}. If only this machine does not know it, correct its DNS server or VPN.`
      ]
    : [
        "Check that this machine has a network at all, and which DNS server it asks (/etc/resolv.conf, the VPN, the container's settings).",
        `Ask for it by hand: nslookup ${host}.`
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
            ? `The DNS server of this machine says so (${code}). Nothing was sent.`
            : code === outOfTime
              ? `The DNS server of this machine gives ${said}. Nothing was sent.`
              : `The DNS server of this machine gives no answer (${code}). Nothing was sent.`
        ],
        hints
      )
    ]
  }
}

/** Why no address took a connection. */
const unconnected = (seen: Observation, code: string, evidence: ReadonlyArray<string>): Finding => {
  const { host, port, what } = reached(seen)
  const place = `${what}${host}, port ${port}`
  const firewall = `Check that firewall, VPN and security groups let connections out to ${host}, port ${port}.`
  if (what !== "") {
    return finding("tcp", mark(code), "yours", `No connection can be made to ${place}`, evidence, [
      "Check HTTPS_PROXY and HTTP_PROXY, and that the proxy runs. Hosts that need none belong into NO_PROXY."
    ])
  }
  if (isLoopback(host)) {
    return mark(code) === "silent"
      ? finding("tcp", "silent", "yours", `What listens at ${place} takes no connections`, evidence, [
          "The address is this machine itself: look at the server's log. It hangs, or has more connections waiting than it takes."
        ])
      : finding("tcp", mark(code), "yours", `Nothing listens at ${place}`, evidence, [
          "Start the server, or correct the port in --url or FIREWORKS_BASE_URL: the address is this machine itself."
        ])
  }
  switch (code) {
    case "ECONNREFUSED":
      return finding("tcp", mark(code), "unclear", `Connections to ${place} are refused`, evidence, [
        "Check the port in --url.",
        firewall,
        atAll(host)
      ])
    case outOfTime:
    case "ETIMEDOUT":
      return finding("tcp", mark(code), "yours", `Connections to ${place} get no answer`, evidence, [
        `${firewall} Silence is how a firewall drops them.`,
        atAll(host)
      ])
    default:
      return finding("tcp", mark(code), "yours", `There is no way to ${place}`, evidence, [
        "Check that this machine has a network and a route out.",
        firewall
      ])
  }
}

export const connected = (seen: Observation): Judged => {
  const { tcp, timeout } = seen
  if (tcp === undefined) return fine(skipped("tcp", "not reached"))
  const { host, port, what } = reached(seen)
  const lines = tcp.map(
    ({ address, outcome }) => `${address}: ${outcome._tag === "Ok" ? "connects" : codeSaid(outcome.error, timeout)}`
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
    return { step, findings: [unconnected(seen, first?.code ?? "UNKNOWN", [...lines, "Nothing was sent."])] }
  }
  const step = ok("tcp", summary, fastest, single ? [] : lines)
  const findings: Array<Finding> = []
  if (bad.length > 0) {
    // who refuses was reached
    const v6 =
      bad.every(({ code, family }) => family === 6 && code !== "ECONNREFUSED") &&
      good.every(({ family }) => family === 4)
    findings.push(
      note(
        "tcp",
        v6 ? "no-ipv6" : "some-unreachable",
        v6 || isLoopback(host) ? "yours" : "unclear",
        v6 ? "IPv6 does not work from here" : "Some of the addresses take no connections",
        bad.map(({ address, code }) => `${address}: ${codeSaid(code, timeout)}`),
        [
          v6
            ? "Nothing, as long as IPv4 works: Node tries the next address. Clients that do not will seem to hang at times."
            : `Node tries the next address; clients that try only one fail now and then. ${isLoopback(host) ? "Let the server listen at all of them." : `If it stays so, tell whoever runs ${host}.`}`
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
        "Connecting takes long",
        [`The fastest address took ${said(fastest)}. One round trip of packets is all that it needs.`],
        ["Look at the network between: VPN, proxy, lossy Wi-Fi, a far region."]
      )
    )
  }
  return fine(step, ...findings)
}

// --- TLS -------------------------------------------------------------------------------------------------

const day = (millis: number): string => (Number.isNaN(millis) ? "no date" : new Date(millis).toISOString().slice(0, 10))

const shown = ({ issuer, names, subject, validFrom, validTo }: Handshake): ReadonlyArray<string> => [
  `The certificate is for ${names.slice(0, 4).join(", ") || subject}${names.length > 4 ? ", …" : ""}; issued by ${issuer}; valid from ${day(validFrom)} to ${day(validTo)}.`
]

const distrusted = (seen: Observation, hand: Handshake, code: string): Finding => {
  const evidence = [...shown(hand), `Node does not trust it: ${code}. Nothing was sent.`]
  const clock = "Check the date and time of this machine."
  if (code === "CERT_NOT_YET_VALID") {
    return finding(
      "tls",
      "not-yet-valid",
      "yours",
      "The certificate is not valid yet, by this machine's clock",
      evidence,
      [clock]
    )
  }
  if (code === "CERT_HAS_EXPIRED") {
    return seen.at > hand.validTo
      ? finding("tls", "expired", "provider", "The server's certificate has expired", evidence, [
          clock,
          "If it is right, tell whoever runs the server: only they can renew the certificate."
        ])
      : finding("tls", "expired", "unclear", "An authority in the server's chain has expired", evidence, [clock])
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return finding("tls", "other-host", "yours", `The certificate is for another host than ${seen.host}`, evidence, [
      `Something else answers for ${seen.host}: check --url, /etc/hosts, the DNS server and proxies.`
    ])
  }
  return finding(
    "tls",
    "untrusted",
    "yours",
    "The certificate is not trusted: TLS is intercepted, or the server vouches for itself",
    evidence,
    [
      `If a proxy or virus scanner of yours opens TLS (the issuer, ${hand.issuer}, tells), get its certificate and set NODE_EXTRA_CA_CERTS to the file.`,
      "If the server is your own, do the same with its certificate.",
      "If neither is so, send nothing: somebody is in between. NODE_TLS_REJECT_UNAUTHORIZED=0 would hand them your key."
    ]
  )
}

const isDistrust = (code: string): boolean => /CERT|ISSUER|SIGNATURE|ALTNAME/.test(code)

/** Why a proxy opened no tunnel: its status, or the code of how it failed. */
const untunnelled = (seen: Observation, code: string): Finding => {
  const unsent = "Nothing was sent to the server."
  if (/^\d+$/.test(code)) {
    const asks = code === "407"
    const title = asks ? "The proxy asks for credentials" : "The proxy opens no tunnel to the server"
    return finding(
      "tls",
      "proxy-refused",
      code.startsWith("5") ? "unclear" : "yours",
      title,
      [`It answered ${code}. ${unsent}`],
      [
        asks
          ? "Put them into the proxy's URL: HTTPS_PROXY=http://user:password@host:port."
          : code.startsWith("5")
            ? behindProxy(seen)
            : `Ask who runs the proxy to allow ${seen.host}, port ${seen.port}; or list the host in NO_PROXY.`
      ]
    )
  }
  const evidence = [`The connection to the proxy was made; then: ${codeSaid(code, seen.timeout)}. ${unsent}`]
  if (isDistrust(code)) return distrustedProxy("tls", evidence)
  return code === outOfTime
    ? finding("tls", "proxy-silent", "yours", "The proxy takes the connection and opens no tunnel", evidence, [
        behindProxy(seen)
      ])
    : finding("tls", "proxy-broken", "yours", "The proxy does not answer as proxies do", evidence, [
        "Check host and port in HTTPS_PROXY, and its scheme: most proxies are spoken to by http:, for https: URLs too.",
        "Look at the proxy's log."
      ])
}

const unshaken = (seen: Observation, code: string): Finding => {
  if (code.startsWith(noTunnel)) return untunnelled(seen, code.slice(noTunnel.length))
  const evidence = [`The connection was made; TLS was not (${codeSaid(code, seen.timeout)}). Nothing was sent.`]
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD/.test(code)) {
    return finding("tls", "not-tls", "yours", `Port ${seen.port} of ${seen.host} does not speak TLS`, evidence, [
      "Check --url: a server without TLS is an http: URL, and a server with it usually has port 443."
    ])
  }
  const silent = code === outOfTime
  return finding(
    "tls",
    silent ? "silent" : "broken",
    "unclear",
    silent ? "The server takes connections and says nothing" : "The connection breaks off during the TLS handshake",
    evidence,
    [
      "Look for a firewall, VPN or proxy that lets connections be made, and then drops those to hosts that it does not allow.",
      atAll(seen.host)
    ]
  )
}

const twoWeeks = 14 * 24 * 3_600_000

export const secured = (seen: Observation): Judged => {
  const { at, secure, tls } = seen
  if (!secure) return fine(skipped("tls", "not used: the URL is http:"))
  if (tls === undefined) return fine(skipped("tls", "not reached"))
  if (tls._tag === "Failed") {
    const code = tls.error.replace(noTunnel, "")
    const summary = /^\d+$/.test(code) ? `the proxy answers ${code}` : codeSaid(code, seen.timeout)
    return { step: failed("tls", summary, tls.millis), findings: [unshaken(seen, tls.error)] }
  }
  const { distrust, issuer, protocol, validTo } = tls.value
  if (distrust !== undefined) {
    return {
      step: failed("tls", `${protocol}, ${distrust}`, tls.millis),
      findings: [distrusted(seen, tls.value, distrust)]
    }
  }
  const step = ok("tls", `${protocol}, issued by ${issuer}, until ${day(validTo)}`, tls.millis)
  return validTo - at < twoWeeks
    ? fine(
        step,
        note("tls", "expires-soon", "provider", "The server's certificate expires soon", shown(tls.value), [
          "Tell whoever runs the server, if it is not renewed in a few days."
        ])
      )
    : fine(step)
}
