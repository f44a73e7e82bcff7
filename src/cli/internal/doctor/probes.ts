/**
 * The probes: each observes a name, an address, a certificate or a response, and does not judge it.
 *
 * Each probe ends by itself or by interruption, and closes its connections. Only a DNS lookup cannot be cancelled.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as dns from "node:dns"
import * as http from "node:http"
import * as https from "node:https"
import * as net from "node:net"
import * as tls from "node:tls"
import type { ApiError } from "../../../ApiError.js"
import * as Classify from "../../../Classify.js"
import * as Dialect from "../../../Dialect.js"
import { authorization, hostOf } from "../../../node/internal/connect.js"
import * as Workload from "../../../Workload.js"

/** The result of a probe, and its duration in milliseconds. */
export type Outcome<A, E = string> =
  | { readonly _tag: "Ok"; readonly millis: number; readonly value: A }
  | { readonly _tag: "Failed"; readonly millis: number; readonly error: E }

/** The error of a probe whose timeout expired. */
export const outOfTime = "TIMEOUT"

/** Measures the duration of a probe. */
export const timed = <A, E, R>(probe: Effect.Effect<A, E, R>): Effect.Effect<Outcome<A, E>, never, R> =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeNanos
    const result = yield* Effect.either(probe)
    const millis = Number((yield* Clock.currentTimeNanos) - start) / 1e6
    return Either.match(result, {
      onLeft: (error): Outcome<A, E> => ({ _tag: "Failed", millis, error }),
      onRight: (value): Outcome<A, E> => ({ _tag: "Ok", millis, value })
    })
  })

/** Limits the duration of a probe. */
export const within = <A, R>(
  probe: Effect.Effect<A, string, R>,
  limit: Duration.Duration
): Effect.Effect<A, string, R> => Effect.timeoutFail(probe, { duration: limit, onTimeout: () => outOfTime })

const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : error instanceof Error
      ? error.name
      : "UNKNOWN"

const ignore = (): void => undefined

export const portOf = (url: URL): number => Number(url.port || (url.protocol === "https:" ? 443 : 80))

// --- Names and addresses ---------------------------------------------------------------------------

/** An address of a host. */
export interface Address {
  readonly address: string
  readonly family: 4 | 6
}

/** Looks up all addresses of a name, in the same way as connections do. */
export const resolve = (host: string): Effect.Effect<ReadonlyArray<Address>, string> =>
  Effect.async((resume) => {
    dns.lookup(host, { all: true, verbatim: true }, (error, found) => {
      if (error !== null) resume(Effect.fail(codeOf(error)))
      else resume(Effect.succeed(found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }))))
    })
  })

/** Opens a connection, and closes it. */
export const connect = ({ address, family }: Address, port: number): Effect.Effect<void, string> =>
  Effect.async((resume) => {
    const socket = net.connect({ host: address, port, family })
    socket.once("connect", () => {
      resume(Effect.void)
      socket.destroy()
    })
    socket.on("error", (error) => resume(Effect.fail(codeOf(error))))
    return Effect.sync(() => socket.destroy())
  })

// --- Certificates ------------------------------------------------------------------------------------

/** The TLS handshake with a server, and its certificate. */
export interface Handshake {
  readonly protocol: string
  /** The reason why the certificate is not trusted; absent if it is. */
  readonly distrust: string | undefined
  readonly subject: string
  readonly issuer: string
  readonly names: ReadonlyArray<string>
  /** In milliseconds of wall time; NaN if the certificate has no date. */
  readonly validFrom: number
  readonly validTo: number
}

const text = (value: unknown): string =>
  Array.isArray(value) ? value.join(", ") : typeof value === "string" ? value : ""

const nameOf = (name: tls.Certificate | undefined): string => {
  const [organisation, common] = [text(name?.O), text(name?.CN)]
  return [organisation, common].filter((part) => part !== "").join(", ") || "(no name)"
}

const handshakeOf = (socket: tls.TLSSocket): Handshake => {
  const certificate = socket.getPeerCertificate()
  // Node sets a code here, although the type says error
  const reason: unknown = socket.authorizationError
  return {
    protocol: socket.getProtocol() ?? "TLS",
    distrust: socket.authorized ? undefined : typeof reason === "string" ? reason : codeOf(reason),
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    names: text(certificate.subjectaltname)
      .split(", ")
      .map((name) => name.replace(/^(?:DNS|IP Address):/, ""))
      .filter((name) => name !== ""),
    validFrom: Date.parse(certificate.valid_from),
    validTo: Date.parse(certificate.valid_to)
  }
}

type Plain = Effect.Effect<net.Socket, string>

const open = ({ address, family }: Address, port: number): Plain =>
  Effect.async((resume) => {
    const socket = net.connect({ host: address, port, family })
    socket.once("connect", () => resume(Effect.succeed(socket)))
    socket.on("error", (error) => resume(Effect.fail(codeOf(error))))
    return Effect.sync(() => socket.destroy())
  })

/** The prefix of errors of a proxy: its status, or a code. */
export const noTunnel = "PROXY_"

/** Opens a connection to a server through a proxy. */
const tunnel = (proxy: URL, url: URL, ca: string | undefined): Plain =>
  Effect.async((resume) => {
    const authority = `${url.hostname}:${portOf(url)}`
    const credentials = authorization(proxy)
    const request = (proxy.protocol === "https:" ? https : http).request({
      host: hostOf(proxy),
      port: portOf(proxy),
      agent: false,
      method: "CONNECT",
      path: authority,
      headers: { host: authority, ...(credentials !== undefined && { "proxy-authorization": credentials }) },
      ...(ca !== undefined && { ca })
    })
    request.once("connect", ({ statusCode = 0 }, socket) => {
      socket.on("error", ignore)
      if (statusCode >= 200 && statusCode <= 299 && socket instanceof net.Socket) resume(Effect.succeed(socket))
      else {
        socket.destroy()
        resume(Effect.fail(`${statusCode}`))
      }
    })
    // a response without a tunnel
    request.once("response", ({ statusCode = 0 }) => {
      request.destroy()
      resume(Effect.fail(`${statusCode}`))
    })
    request.on("error", (error) => resume(Effect.fail(codeOf(error))))
    request.end()
    return Effect.sync(() => request.destroy())
  })

const secure = (plain: net.Socket, host: string, ca: string | undefined): Effect.Effect<Handshake, string> =>
  Effect.async((resume) => {
    plain.on("error", ignore)
    const socket = tls.connect({
      socket: plain,
      host,
      servername: net.isIP(host) === 0 ? host : "",
      ALPNProtocols: ["http/1.1"],
      // the certificate is read even if it is not trusted; nothing is sent
      rejectUnauthorized: false,
      ...(ca !== undefined && { ca })
    })
    socket.once("secureConnect", () => resume(Effect.succeed(handshakeOf(socket))))
    socket.on("error", (error) => resume(Effect.fail(codeOf(error))))
    socket.once("close", () => resume(Effect.fail("ECONNRESET")))
    return Effect.sync(() => socket.destroy())
  })

/** Performs the TLS handshake with a server within a time limit, and closes the connection. */
export const handshake = (
  url: URL,
  through: Address | URL,
  ca: string | undefined,
  limit: Duration.Duration
): Effect.Effect<Handshake, string> =>
  Effect.suspend(() => {
    let proxy = through instanceof URL
    const plain = through instanceof URL ? tunnel(through, url, ca) : open(through, portOf(url))
    const shaken = Effect.acquireUseRelease(
      Effect.interruptible(plain),
      (socket) => {
        proxy = false
        return secure(socket, hostOf(url), ca)
      },
      (socket) => Effect.sync(() => socket.destroy())
    )
    return Effect.mapError(within(shaken, limit), (code) => (proxy ? noTunnel + code : code))
  })

// --- Responses -------------------------------------------------------------------------------------------

/** The response to a request without a key. */
export interface Reached {
  readonly status: number
  /** The error of a response that is not a success. */
  readonly error: ApiError | undefined
  readonly isPage: boolean
  /** The host of a redirect. */
  readonly location: string | undefined
  /** The `Date` header, in milliseconds. */
  readonly date: number | undefined
}

const maxBody = 65_536

/** True if the response is not from the API: a web page or a redirect. */
export const isElsewhere = ({ isPage, status }: Reached): boolean =>
  (status >= 300 && status <= 399) || (isPage && status < 500)

const hostIn = (location: string | undefined, base: string): string | undefined =>
  location !== undefined && URL.canParse(location, base) ? new URL(location, base).host : undefined

/** Sends one request without a key, and follows no redirect. */
export const reach = (
  client: HttpClient.HttpClient,
  url: string,
  workload: Workload.Workload
): Effect.Effect<Reached, ApiError> => {
  const request = Effect.gen(function* () {
    const { headers, status, stream } = yield* client.execute(HttpClientRequest.get(url))
    let left = maxBody
    const chunks = stream.pipe(Stream.takeWhile((chunk) => (left -= chunk.length) >= 0))
    // a truncated body does not change the meaning of the status
    const body = yield* Stream.runFold(chunks, "", (body, chunk) => body + new TextDecoder().decode(chunk)).pipe(
      Effect.option
    )
    const now = yield* Clock.currentTimeMillis
    const date = Date.parse(headers["date"] ?? "")
    const isPage = /\bhtml\b/i.test(headers["content-type"] ?? "")
    return {
      status,
      error:
        status >= 200 && status <= 299
          ? undefined
          : Classify.answer({
              status,
              headers,
              body: isPage ? undefined : Option.getOrUndefined(body),
              dialect: Dialect.fireworks,
              method: "GET",
              url,
              now
            }),
      isPage,
      location: status >= 300 && status <= 399 ? hostIn(headers["location"], url) : undefined,
      date: Number.isNaN(date) ? undefined : date
    }
  })
  return Workload.timeout(Classify.mapError(request, { method: "GET", url }), workload)
}
