/**
 * Connections: through TCP, TLS and HTTP proxies, until the first byte of a request could be written.
 *
 * @since 0.1.0
 */
import * as http from "node:http"
import * as https from "node:https"
import * as net from "node:net"
import * as tls from "node:tls"
import { type ApiError, unsafeMake } from "../../ApiError.js"
import * as Classify from "../../Classify.js"

/** Where connections of one kind lead, and how. */
export interface Route {
  /** The server that is to answer. */
  readonly url: URL
  /** The name that its certificate must be for. */
  readonly servername: string
  readonly proxy: URL | undefined
  readonly tls: tls.ConnectionOptions
}

/** A connected socket, or why there is none. */
export type Connected = (socket: net.Socket | undefined, error: ApiError | undefined) => void

const portOf = (url: URL): number => Number(url.port || (url.protocol === "https:" ? 443 : 80))

// an IPv6 address without its brackets
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, "")

/** What proxies and their servers are told about who asks. */
export const proxyAuthorization = (proxy: URL): string | undefined => {
  if (proxy.username === "" && proxy.password === "") return undefined
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
  return `Basic ${Buffer.from(credentials).toString("base64")}`
}

const ignore = (): void => undefined

const failed = (cause: unknown): ApiError => Classify.exception(cause, { delivery: "NotSent" })

/** What a proxy that opened no tunnel means: it may have tried, and failed, to reach the server. */
const refusedBy = (status: number): ApiError =>
  unsafeMake(status >= 500 ? { class: "Transient", reason: "Connect" } : { class: "Fatal", reason: "ProxyRefused" }, {
    delivery: "NotSent",
    status,
    detail: "a proxy opened no tunnel to the server"
  })

/** Begins to connect; answers how to stop, which also holds after the end. */
export type Begin = (done: Connected) => () => void

const tcp =
  (url: URL): Begin =>
  (done) => {
    const socket = net.connect({ host: hostOf(url), port: portOf(url), noDelay: true, keepAlive: true })
    const onError = (error: Error) => {
      socket.destroy()
      done(undefined, failed(error))
    }
    socket.once("error", onError)
    socket.once("connect", () => {
      socket.off("error", onError)
      done(socket, undefined)
    })
    return () => socket.destroy()
  }

/** Proves the server's name on a connection that is there. */
const secured =
  (inner: Begin, options: tls.ConnectionOptions, servername: string): Begin =>
  (done) => {
    let stop = (): void => undefined
    stop = inner((plain, error) => {
      if (plain === undefined) {
        done(undefined, error)
        return
      }
      // its errors come by the secured socket
      plain.on("error", ignore)
      const socket = tls.connect({
        ...options,
        socket: plain,
        servername: net.isIP(servername) === 0 ? servername : "",
        host: servername,
        ALPNProtocols: ["http/1.1"]
      })
      const onError = (error: Error) => {
        socket.destroy()
        plain.destroy()
        done(undefined, failed(error))
      }
      const onClose = () => onError(Object.assign(new Error("closed"), { code: "ECONNRESET", host: servername }))
      socket.once("error", onError)
      socket.once("close", onClose)
      socket.once("secureConnect", () => {
        socket.off("error", onError)
        socket.off("close", onClose)
        done(socket, undefined)
      })
      stop = () => {
        socket.off("close", onClose)
        socket.on("error", ignore)
        socket.destroy()
        plain.destroy()
      }
    })
    return () => stop()
  }

/** Asks a proxy for a connection to the server. */
const tunnelled =
  ({ proxy, url }: { readonly proxy: URL; readonly url: URL }, options: tls.ConnectionOptions): Begin =>
  (done) => {
    const authority = `${url.hostname}:${portOf(url)}`
    const authorization = proxyAuthorization(proxy)
    const request = (proxy.protocol === "https:" ? https : http).request({
      ...(proxy.protocol === "https:" ? options : {}),
      method: "CONNECT",
      host: hostOf(proxy),
      port: portOf(proxy),
      path: authority,
      headers: { host: authority, ...(authorization !== undefined && { "proxy-authorization": authorization }) },
      agent: false
    })
    request.once("connect", (answer, socket, head) => {
      if (answer.statusCode !== 200) {
        socket.destroy()
        done(undefined, refusedBy(answer.statusCode ?? 0))
        return
      }
      if (head.length > 0) socket.unshift(head)
      socket.removeAllListeners()
      done(socket, undefined)
    })
    request.once("response", (answer) => {
      request.destroy()
      done(undefined, refusedBy(answer.statusCode ?? 0))
    })
    request.on("error", (error) => done(undefined, failed(error)))
    request.end()
    return () => request.destroy()
  }

/** How to connect along a route. Plain HTTP goes to a proxy as to a server, which then is asked with whole URLs. */
export const connecting = ({ proxy, servername, tls: options, url }: Route): Begin => {
  const secure = url.protocol === "https:"
  if (proxy === undefined) return secure ? secured(tcp(url), options, servername) : tcp(url)
  if (secure) return secured(tunnelled({ proxy, url }, options), options, servername)
  return proxy.protocol === "https:" ? secured(tcp(proxy), options, hostOf(proxy)) : tcp(proxy)
}
