/**
 * Connections: through TCP, TLS and HTTP proxies, until the first byte of a request could be written.
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

/** The last TLS session of each server: the next handshake is shorter with it. */
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

/** Where connections of one kind lead, and how. */
export interface Route {
  /** The server that is to answer. */
  readonly url: URL
  /** The name that its certificate must be for. */
  readonly servername: string
  readonly proxy: URL | undefined
  readonly certificates: () => tls.SecureContext
  readonly sessions: Sessions
}

/** The request that a failure is told of. */
export interface About {
  readonly method: string
  readonly url: string | undefined
  readonly delivery: Delivery
}

/** What a request fails with whose connection failed. */
export type Failure = (about: About) => ApiError

/** A connected socket, or why there is none. */
export type Connected = (socket: net.Socket | undefined, failure?: Failure) => void

/** Begins to connect; answers how to stop, which also holds after the end. */
type Begin = (done: Connected) => () => void

export const portOf = (url: URL): number => Number(url.port || (url.protocol === "https:" ? 443 : 80))

/** A host's name; an IPv6 address without its brackets. */
export const hostOf = (url: URL): string => unbracketed(url.hostname)

export const unbracketed = (host: string): string => host.replace(/^\[|\]$/g, "")

// what is no valid escape was meant as it is
const decoded = (text: string): string =>
  text.replace(/(?:%[\da-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes
    }
  })

/** What a URL's user and password are sent as. */
export const authorization = ({ password, username }: URL): string | undefined =>
  username === "" && password === ""
    ? undefined
    : `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64")}`

const ignore = (): void => undefined

const failed =
  (cause: unknown): Failure =>
  (about) => {
    const error = fromException(cause, about)
    // what breaks while it is made was no connection yet
    return error.reason === "ConnectionLost"
      ? unsafeMake({ class: "Transient", reason: "Connect" }, { ...about, code: error.code }, cause)
      : error
  }

/** The failure of a CONNECT: a proxy that is overloaded, or does not reach the server, may open a tunnel later. */
const refusedBy = (status: number, headers: http.IncomingHttpHeaders): Failure => {
  const passes = status === 429 || status >= 500
  // a date in `Retry-After` is read against the proxy's own clock
  const hint = RetryHint.parse({ ...headers }, Date.parse(headers.date ?? ""))
  return (about) =>
    unsafeMake(passes ? { class: "Transient", reason: "Connect" } : { class: "Fatal", reason: "ProxyRefused" }, {
      ...about,
      status,
      retryAfter: hint?.delay,
      detail: "a proxy opened no tunnel to the server"
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

/** Proves the server's name on a connection that is there. */
const secured =
  (inner: Begin, url: URL, servername: string, { certificates, sessions }: Route): Begin =>
  (done) => {
    let stop = (): void => undefined
    stop = inner((plain, failure) => {
      if (plain === undefined) {
        done(undefined, failure)
        return
      }
      // its errors come by the secured socket
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
        leave()
        socket.destroy()
        plain.destroy()
        done(undefined, failed(cause))
      }
      const onClose = () => onEnd(Object.assign(new Error("closed"), { code: "ECONNRESET" }))
      const leave = () => {
        socket.off("error", onEnd)
        socket.off("close", onClose)
        socket.on("error", ignore)
      }
      socket.on("error", onEnd)
      socket.on("close", onClose)
      socket.once("secureConnect", () => {
        leave()
        done(socket)
      })
      socket.on("session", (session: Buffer) => sessions.set(key, session))
      stop = () => {
        leave()
        socket.destroy()
        plain.destroy()
      }
    })
    return () => stop()
  }

/** Asks a proxy for a connection to the server. */
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

/** How to connect along a route. Plain HTTP goes to a proxy as to a server, which then is asked with whole URLs. */
export const connecting = (route: Route): Begin => {
  const { proxy, servername, url } = route
  const secure = url.protocol === "https:"
  if (proxy === undefined) return secure ? secured(tcp(url), url, servername, route) : tcp(url)
  const toProxy = proxy.protocol === "https:" ? secured(tcp(proxy), proxy, hostOf(proxy), route) : tcp(proxy)
  return secure ? secured(tunnelled(toProxy, proxy, url), url, servername, route) : toProxy
}
