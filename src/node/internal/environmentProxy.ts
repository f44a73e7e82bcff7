/**
 * The proxy that the environment names.
 *
 * @since 0.1.0
 */
import * as net from "node:net"
import { hostOf, portOf, unbracketed } from "./connect.js"

/** The value of a variable, in lower or else in upper case; empty if there is none. */
const variable = (name: string): string => process.env[name] || process.env[name.toUpperCase()] || ""

/** Whether an IP address is the pattern, or lies in the subnet that it names. */
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

/** Whether `NO_PROXY` lists a URL: by curl's rules, and a pattern may also name a port or begin with `*`. */
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

/** Returns the proxy for a URL: none, its URL, or as text what is no URL of a proxy. */
export const environmentProxy = (url: URL): URL | string | undefined => {
  const found = variable(`${url.protocol.slice(0, -1)}_proxy`) || variable("all_proxy")
  if (found === "" || isExempt(url)) return undefined
  const text = found.includes("://") ? found : `http://${found}`
  const proxy = URL.canParse(text) ? new URL(text) : undefined
  return proxy !== undefined && /^https?:$/.test(proxy.protocol) ? proxy : text
}
