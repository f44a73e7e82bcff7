/** HTTP servers and proxies on the loopback interface that record their connections and requests. */
import { Effect, type Scope } from "effect"
import * as http from "node:http"
import * as https from "node:https"
import * as net from "node:net"
import type { TlsOptions } from "node:tls"

/** A server that listens until its scope closes. */
export interface Listener {
  readonly port: number
  /** TCP connections, in the order of their arrival. */
  readonly sockets: ReadonlyArray<net.Socket>
  /** Returns the number of open connections. */
  readonly open: () => number
}

const ignore = (): void => undefined

/** Starts a server on a free port. */
export const listen = (server: net.Server): Effect.Effect<Listener, never, Scope.Scope> => {
  const sockets: Array<net.Socket> = []
  server.prependListener("connection", (socket: net.Socket) => {
    sockets.push(socket)
    socket.on("error", ignore)
  })
  server.on("tlsClientError", ignore)
  const start = Effect.async<Listener>((resume) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resume(Effect.succeed({ port, sockets, open: () => sockets.filter(({ closed }) => !closed).length }))
    })
  })
  return Effect.acquireRelease(start, () =>
    Effect.async<void>((resume) => {
      server.close(() => resume(Effect.void))
      for (const socket of sockets) socket.destroy()
    })
  )
}

/** A listener that speaks HTTP. */
export interface Web extends Listener {
  readonly origin: string
  /** The requests, in the order of their arrival. */
  readonly requests: ReadonlyArray<http.IncomingMessage>
}

/** Starts an HTTP server, or with `tls` an HTTPS server. */
export const web = (handle: http.RequestListener, tls?: TlsOptions): Effect.Effect<Web, never, Scope.Scope> => {
  const requests: Array<http.IncomingMessage> = []
  const onRequest: http.RequestListener = (request, response) => {
    requests.push(request)
    request.on("error", ignore)
    handle(request, response)
  }
  const server = tls === undefined ? http.createServer(onRequest) : https.createServer({ ...tls }, onRequest)
  server.keepAliveTimeout = 0
  return Effect.map(listen(server), (listener) => ({
    ...listener,
    requests,
    origin: `${tls === undefined ? "http" : "https"}://127.0.0.1:${listener.port}`
  }))
}

/** Starts a TCP server; `nth` counts its connections from 0. */
export const bare = (accept: (socket: net.Socket, nth: number) => void): Effect.Effect<Web, never, Scope.Scope> => {
  let nth = 0
  const server = net.createServer((socket) => accept(socket, nth++))
  return Effect.map(listen(server), (listener) => ({
    ...listener,
    requests: [],
    origin: `http://127.0.0.1:${listener.port}`
  }))
}

/** A proxy, with the requests that it received. */
export interface Proxy extends Listener {
  readonly asked: ReadonlyArray<{ readonly method: string; readonly target: string; readonly credentials: string }>
}

/** Starts a proxy. With `refuse` it responds to `CONNECT` with this status, or not at all if it is 0. */
export const proxy = (refuse?: number, tls?: TlsOptions): Effect.Effect<Proxy, never, Scope.Scope> => {
  const asked: Array<Proxy["asked"][number]> = []
  const note = ({ headers, method = "", url = "" }: http.IncomingMessage) =>
    asked.push({ method, target: url, credentials: headers["proxy-authorization"] ?? "" })
  const onRequest: http.RequestListener = (request, response) => {
    note(request)
    const { headers, method, url = "" } = request
    const forward = http.request(url, { method, headers }, (received) => {
      response.writeHead(received.statusCode ?? 0, received.headers)
      received.pipe(response)
    })
    request.pipe(forward)
  }
  const server = tls === undefined ? http.createServer(onRequest) : https.createServer({ ...tls }, onRequest)
  server.on("connect", (request: http.IncomingMessage, client: net.Socket) => {
    note(request)
    client.on("error", ignore)
    client.on("end", () => client.destroy())
    client.resume()
    if (refuse === 0) return
    if (refuse !== undefined) {
      client.end(`HTTP/1.1 ${refuse} No\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    const [host = "", port = ""] = (request.url ?? "").split(":")
    const upstream = net.connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n")
      upstream.pipe(client).pipe(upstream)
    })
    upstream.on("error", () => client.destroy())
    client.on("close", () => upstream.destroy())
  })
  return Effect.map(listen(server), (listener) => ({ ...listener, asked }))
}
