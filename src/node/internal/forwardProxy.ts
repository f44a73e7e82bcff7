/**
 * Who sent a response that came through a forward proxy: a proxy that is sent plain HTTP also responds for itself.
 *
 * The marks were read from squid, tinyproxy, haproxy, privoxy and Apache httpd; `test/support/proxyResponses.txt` holds what
 * they send. The last three mark nothing that they send by themselves.
 *
 * @since 0.1.0
 */
import type { Sender } from "../../internal/http/sender.js"
import type { Route } from "./connect.js"

type HeaderOf = (name: string) => string | undefined

/** RFC 9209: the last member is of the proxy next to the client; a received status is one that the proxy forwarded. */
const reportsError = (proxyStatus: string | undefined): boolean => {
  const last = proxyStatus?.slice(proxyStatus.lastIndexOf(",") + 1) ?? ""
  return /;\s*error=/.test(last) && !/;\s*received-status=/.test(last)
}

const isMarked = (status: number, header: HeaderOf): boolean =>
  status === 407 ||
  header("proxy-authenticate") !== undefined ||
  header("x-squid-error") !== undefined ||
  reportsError(header("proxy-status")) ||
  // what it forwards has the server's own `Server`
  header("server")?.startsWith("tinyproxy/") === true

/**
 * Returns who sent a response; `undefined` for the server.
 *
 * Proxies add `Via` to what they forward, and squid also to its own errors: it proves nothing. JSON without `Via` is taken
 * for the server's, because the pages of proxies are HTML or text.
 */
export const senderOf = (
  { proxy, url }: Pick<Route, "proxy" | "url">,
  status: number,
  header: HeaderOf
): Sender | undefined => {
  if (proxy === undefined || url.protocol !== "http:" || status < 300) return undefined
  if (isMarked(status, header)) return "proxy"
  const isJson = /^application\/(?:[\w.+-]+\+)?json\b/i.test(header("content-type") ?? "")
  return isJson && header("via") === undefined ? undefined : "unknown"
}
