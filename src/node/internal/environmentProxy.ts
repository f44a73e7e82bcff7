/**
 * Reads the proxy from environment variables.
 *
 * @since 0.1.0
 */
import * as net from "node:net"
import { hostOf, portOf, unbracketed } from "./connect.js"

/** Returns the value of a variable, by its lower-case or else its upper-case name; empty if neither is set. */
const variable = (name: string): string => process.env[name] || process.env[name.toUpperCase()] || ""

/** Returns true if an IP address equals the pattern, or lies in the subnet that the pattern denotes. */
const covers = (pattern: string, address: string): boolean => {
  const [base = "", bits] = pattern.split("/")
  const family = net.isIP(base)
  const most = family === 4 ? 32 : 128
  const prefix = bits === undefined ? most : /^\d+$/.test(bits) ? Number(bits) : Infinity
  if (family === 0 || family !== net.isIP(address) || prefix > most) return false
  const type = family === 4 ? "ipv4" : "ipv6"
  const subnet = new net.BlockList()
  subnet.addSubnet(base, prefix, type)
  return subnet.check(address, type)
}

const matches = (pattern: string, host: string): boolean => {
  if (pattern.startsWith("*")) return host.endsWith(pattern.slice(1))
  if (net.isIP(host) !== 0) return covers(unbracketed(pattern), host)
  const domain = pattern.replace(/^\.|\.$/g, "")
  return domain !== "" && (host === domain || host.endsWith(`.${domain}`))
}

/** Returns true if `NO_PROXY` lists a URL. Patterns follow the rules of curl; they may also have a port or begin with `*`. */
const isExempt = (url: URL): boolean => {
  const host = hostOf(url).replace(/\.$/, "")
  const patterns = variable("no_proxy")
    .toLowerCase()
    .split(/[\s,]+/)
  return patterns.some((pattern) => {
    const [, name = pattern, port] = /^([^:]+|\[[^\]]*\]):(\d+)$/.exec(pattern) ?? []
    return name !== "" && (port === undefined || Number(port) === portOf(url)) && matches(name, host)
  })
}

/** Returns the URL of the proxy for a URL, undefined without a proxy, or the value as text if it is not a valid proxy URL. */
export const environmentProxy = (url: URL): URL | string | undefined => {
  const found = variable(`${url.protocol.slice(0, -1)}_proxy`) || variable("all_proxy")
  if (found === "" || isExempt(url)) return undefined
  const text = found.includes("://") ? found : `http://${found}`
  const proxy = URL.canParse(text) ? new URL(text) : undefined
  return proxy !== undefined && /^https?:$/.test(proxy.protocol) ? proxy : text
}
