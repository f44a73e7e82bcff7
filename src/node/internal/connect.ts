/**
 * Establishes connections over TCP, TLS and HTTP proxies, up to the point where a request can be written.
 *
 * @since 0.1.0
 */
import * as http from "node:http"
import * as net from "node:net"
import * as tls from "node:tls"
import type { ApiError, Delivery } from "../../ApiError.js"
import { unsafeMake } from "../../internal/apiError/unsafeMake.js"
import { fromException } from "../../internal/classify/fromException.js"
import * as RetryHint from "../../RetryHint.js"

/** The last TLS session of each server, up to 100 servers. Resuming a session shortens the next handshake. */
export class Sessions {
  readonly #sessions = new Map<string, Buffer>()

  get(key: string): Buffer | undefined {
    return this.#sessions.get(key)
  }

  set(key: string, session: Buffer): void {
    this.#sessions.delete(key)
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size < 100) break
      this.#sessions.delete(oldest)
    }
    this.#sessions.set(key, session)
  }
}

/** The route to a server, direct or through a proxy. */
export interface Route {
  /** The URL of the server. */
  readonly url: URL
  /** The host name that the server's certificate must be valid for. */
  readonly servername: string
  readonly proxy: URL | undefined
  readonly certificates: () => tls.SecureContext
  readonly sessions: Sessions
}

/** The fields of an error that describe the request. */
export interface About {
  readonly method: string
  readonly url: string | undefined
  readonly delivery: Delivery
}

/** Makes the error of a request whose connection failed. */
export type Failure = (about: About) => ApiError

/** A callback that receives a connected socket, or the failure. */
export type Connected = (socket: net.Socket | undefined, failure?: Failure) => void

/** Starts to connect. Returns a function that stops the attempt, and that may also be called after the attempt has ended. */
type Begin = (done: Connected) => () => void

export const portOf = (url: URL): number => Number(url.port || (url.protocol === "https:" ? 443 : 80))

/** Returns the host name of a URL; an IPv6 address without its brackets. */
export const hostOf = (url: URL): string => unbracketed(url.hostname)

export const unbracketed = (host: string): string => host.replace(/^\[|\]$/g, "")

// invalid percent escapes are kept unchanged
const decoded = (text: string): string =>
  text.replace(/(?:%[\da-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes
    }
  })

/** Returns the `authorization` header for the user and password of a URL; undefined without them. */
export const authorization = ({ password, username }: URL): string | undefined =>
  username === "" && password === ""
    ? undefined
    : `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64")}`

const ignore = (): void => undefined

const failed =
  (cause: unknown): Failure =>
  (about) => {
    const error = fromException(cause, about)
    // a connection that is lost while it is established counts as a failure to connect
    return error.reason === "ConnectionLost"
      ? unsafeMake({ class: "Transient", reason: "Connect" }, { ...about, code: error.code }, cause)
      : error
  }

/** Makes the failure of a CONNECT request. 429 and 5xx are transient: the proxy may open a tunnel later. */
const refusedBy = (status: number, headers: http.IncomingHttpHeaders): Failure => {
  const passes = status === 429 || status >= 500
  // a date in `Retry-After` is read against the proxy's own clock
  const hint = RetryHint.parse({ ...headers }, Date.parse(headers.date ?? ""))
  return (about) =>
    unsafeMake(passes ? { class: "Transient", reason: "Connect" } : { class: "Fatal", reason: "ProxyRefused" }, {
      ...about,
      status,
      retryAfter: hint?.delay,
      detail: "the proxy did not open a tunnel to the server"
    })
}

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
      done(socket)
    })
    return () => socket.destroy()
  }

/** Performs a TLS handshake on a connection, and verifies the server's certificate. */
const secured =
  (inner: Begin, url: URL, servername: string, { certificates, sessions }: Route): Begin =>
  (done) => {
    let stop = (): void => undefined
    stop = inner((plain, failure) => {
      if (plain === undefined) {
        done(undefined, failure)
        return
      }
      // the TLS socket emits the errors of the TCP socket too
      plain.on("error", ignore)
      const key = `${url.host} ${servername}`
      const session = sessions.get(key)
      const socket = tls.connect({
        secureContext: certificates(),
        socket: plain,
        servername: net.isIP(servername) === 0 ? servername : "",
        host: servername,
        ALPNProtocols: ["http/1.1"],
        ...(session !== undefined && { session })
      })
      const onEnd = (cause: unknown) => {
        detach()
        socket.destroy()
        plain.destroy()
        done(undefined, failed(cause))
      }
      const onClose = () => onEnd(Object.assign(new Error("closed"), { code: "ECONNRESET" }))
      const detach = () => {
        socket.off("error", onEnd)
        socket.off("close", onClose)
        socket.on("error", ignore)
      }
      socket.on("error", onEnd)
      socket.on("close", onClose)
      socket.once("secureConnect", () => {
        detach()
        done(socket)
      })
      socket.on("session", (session: Buffer) => sessions.set(key, session))
      stop = () => {
        detach()
        socket.destroy()
        plain.destroy()
      }
    })
    return () => stop()
  }

/** Opens a tunnel to the server through a proxy. */
const tunnelled =
  (inner: Begin, proxy: URL, url: URL): Begin =>
  (done) => {
    let stop = (): void => undefined
    stop = inner((socket, failure) => {
      if (socket === undefined) {
        done(undefined, failure)
        return
      }
      socket.on("error", ignore)
      const authority = `${url.hostname}:${portOf(url)}`
      const credentials = authorization(proxy)
      const request = http.request({
        createConnection: () => socket,
        method: "CONNECT",
        path: authority,
        headers: { host: authority, ...(credentials !== undefined && { "proxy-authorization": credentials }) }
      })
      request.once("connect", ({ headers, statusCode = 0 }, _, head) => {
        if (statusCode < 200 || statusCode > 299) {
          socket.destroy()
          done(undefined, refusedBy(statusCode, headers))
          return
        }
        if (head.length > 0) socket.unshift(head)
        done(socket)
      })
      request.on("error", (error) => {
        socket.destroy()
        done(undefined, failed(error))
      })
      request.end()
      stop = () => {
        request.destroy()
        socket.destroy()
      }
    })
    return () => stop()
  }

/** Returns a function that connects along a route. Plain HTTP through a proxy needs no tunnel: the proxy gets absolute URLs. */
export const connecting = (route: Route): Begin => {
  const { proxy, servername, url } = route
  const secure = url.protocol === "https:"
  if (proxy === undefined) return secure ? secured(tcp(url), url, servername, route) : tcp(url)
  const toProxy = proxy.protocol === "https:" ? secured(tcp(proxy), proxy, hostOf(proxy), route) : tcp(proxy)
  return secure ? secured(tunnelled(toProxy, proxy, url), url, servername, route) : toProxy
}
