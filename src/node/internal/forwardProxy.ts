/**
 * Determines the sender of a response that came through a forward proxy. For plain HTTP, a proxy may send responses of its own.
 *
 * The marks of such responses were observed with squid, tinyproxy, haproxy, privoxy and Apache httpd; their responses are in
 * `test/support/proxyResponses.txt`. The last three do not mark their own responses.
 *
 * @since 0.1.0
 */
import type { Sender } from "../../internal/http/sender.js"
import type { Route } from "./connect.js"

type HeaderOf = (name: string) => string | undefined

/** RFC 9209: the last member belongs to the proxy next to the client. With `received-status`, the response was forwarded. */
const reportsError = (proxyStatus: string | undefined): boolean => {
  const last = proxyStatus?.slice(proxyStatus.lastIndexOf(",") + 1) ?? ""
  return /;\s*error=/.test(last) && !/;\s*received-status=/.test(last)
}

const isMarked = (status: number, header: HeaderOf): boolean =>
  status === 407 ||
  header("proxy-authenticate") !== undefined ||
  header("x-squid-error") !== undefined ||
  reportsError(header("proxy-status")) ||
  // forwarded responses keep the `Server` header of the server
  header("server")?.startsWith("tinyproxy/") === true

/**
 * Returns the sender of a response; `undefined` for the server.
 *
 * `Via` proves nothing: proxies add it to forwarded responses, and squid also adds it to its own errors. JSON without `Via` is
 * attributed to the server, because the error pages of proxies are HTML or text.
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
