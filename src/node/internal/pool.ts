/**
 * Pools of connections, and the requests that wait for one.
 *
 * The pools of undici do not allow a queued request to be withdrawn, and fail the whole queue when one connection cannot be
 * established. Here each connection is a separate `Client` on a socket that is already connected, and waiting requests are a
 * list. An interrupted request is removed from the list. A failure to connect is reported only to the request that the
 * connection was made for.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as net from "node:net"
import { unsafeMake } from "../../internal/apiError/unsafeMake.js"
import { connecting, type Failure, type Route } from "./connect.js"
import { Client, errors } from "./undici.js"

/** A request that waits for a connection. */
export interface Waiter {
  /** Called with the connection. */
  readonly onConnection: (connection: Connection) => void
  /** Called when an attempt to connect starts for this waiter, or is passed on to it. */
  readonly onConnecting: () => void
  /** Called when that attempt fails. */
  readonly onFailure: (failure: Failure) => void
  /** True if the waiter needs a new connection, because a reused one has just failed. */
  readonly isFresh: boolean
  /** The attempt to connect that is made for this waiter. */
  attempt: Attempt | undefined
}

/** An attempt to connect. */
export interface Attempt {
  stop: () => void
  /** The start of the attempt, by the clock of the waiter that it was first made for. */
  since: number | undefined
  owner: Waiter | undefined
}

/** The settings of a pool. */
export interface Settings {
  /** Maximum number of connections to one origin. */
  readonly connections: number
  /** Time that an idle connection is kept, in milliseconds. */
  readonly keepAlive: number
  /** Maximum size of response headers in bytes. */
  readonly maxHeaders: number
  /** The origins of servers that closed a connection, or sent unexpected bytes on it, soon after a response. */
  readonly abrupt: Set<string>
}

/**
 * Milliseconds for which a connection is not reused after its first response, and after every response of an abrupt server.
 * Servers that close connections unannounced, or send more than a response, do so in this time. On a loaded machine, the close
 * may come milliseconds after the response.
 */
const probation = 10

/** Milliseconds after a response. A server that ends a connection within this time is assumed to do so after every response. */
const abrupt = 1000

/** Maximum number of servers that are recorded as abrupt. */
const maxAbrupt = 1000

/** An established connection. */
export class Connection {
  readonly client: Client
  readonly socket: net.Socket
  readonly origin: Origin
  /** Number of requests before the current one. */
  requests = 0
  open = true
  /** The time at which the connection was made or last became free, on the host's monotonic clock. */
  freedAt = performance.now()
  /** Number of bytes that had been read when the connection was last given back. */
  #read = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #turn: ReturnType<typeof setImmediate> | undefined

  constructor(origin: Origin, socket: net.Socket) {
    const { settings } = origin
    this.origin = origin
    this.socket = socket
    let used = false
    this.client = new Client(origin.route.url.origin, {
      connect: (_options, callback) => {
        // a client connects only once; when its connection is lost, the client is discarded
        const isGone = used || socket.destroyed
        used = true
        queueMicrotask(() => (isGone ? callback(gone(), null) : callback(null, socket)))
      },
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: settings.maxHeaders,
      keepAliveTimeout: Math.max(1, settings.keepAlive),
      keepAliveMaxTimeout: Math.max(1, settings.keepAlive)
    })
    this.client.on("disconnect", (_origin, _targets, error) => {
      // an InformationalError means an end that the server announced, or the end of `keepAlive`
      if (!(error instanceof errors.InformationalError)) this.#noteEnd()
      this.close(gone())
    })
    socket.on("error", ignore)
    socket.on("close", () => this.close(gone()))
  }

  /** True if the connection can carry a request: it is not closed, and nothing has arrived since the last response. */
  get isQuiet(): boolean {
    const { socket } = this
    return !socket.destroyed && socket.readable && (this.requests === 0 || socket.bytesRead === this.#read)
  }

  /**
   * Gives the connection back after a response that was read to its end.
   *
   * The connection is offered only after the event loop has polled the socket once more, because a server may close it, or send
   * more than the response, unannounced.
   */
  free(): void {
    this.requests++
    this.#read = this.socket.bytesRead
    this.freedAt = performance.now()
    this.origin.rest(this)
    // undici finishes its work on the connection after this callback
    queueMicrotask(() => {
      const { origin, socket } = this
      // a server that responds before it has read the whole request may never read the rest
      if (socket.destroyed || socket.writableLength > 0) this.close(gone())
      if (!this.open) return
      if (this.requests > 1 && !origin.isAbrupt) this.#yield()
      else this.#timer = setTimeout(() => this.#yield(), probation)
    })
  }

  /**
   * Offers the connection in the next check phase of the event loop.
   *
   * A response is usually read in the poll phase just before, so that the socket is not polled again until then. But undici
   * waits for one more check phase before it writes on a used connection. If anything arrives in the poll phase between the
   * two, the connection is closed before the request is written.
   */
  #yield(): void {
    this.#turn = setImmediate(() => {
      if (this.isQuiet) this.origin.offer(this)
      else {
        this.#noteEnd()
        this.close(gone())
      }
    })
  }

  #noteEnd(): void {
    if (this.requests > 0 && performance.now() - this.freedAt < abrupt) this.origin.noteAbrupt()
  }

  /** Destroys the socket. A request on the connection fails with the cause. */
  close(cause: Error | null = null): void {
    if (!this.open) return
    this.open = false
    clearTimeout(this.#timer)
    clearImmediate(this.#turn)
    this.client.destroy(cause, ignore)
    this.socket.destroy()
    this.origin.lost(this)
  }
}

// ECONNRESET and not undici's code for socket errors, with which a client would reconnect endlessly
export const gone = (): Error => Object.assign(new Error("The connection is gone"), { code: "ECONNRESET" })

const unconnected: Failure = (about) => unsafeMake({ class: "Transient", reason: "Connect" }, about)

const ignore = (): void => undefined

const closed = (socket: net.Socket): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (socket.closed) resume(Effect.void)
    else socket.once("close", () => resume(Effect.void))
  })

/** The connections to one server by one route, and the requests that wait for one. */
export class Origin {
  readonly route: Route
  readonly settings: Settings
  readonly #onEmpty: (origin: Origin) => void
  readonly #idle: Array<Connection> = []
  readonly #open = new Set<Connection>()
  readonly #resting = new Set<Connection>()
  readonly #attempts = new Set<Attempt>()
  // a set keeps the order of insertion, and removes any element in constant time
  readonly #waiters = new Set<Waiter>()
  /** Waiters whose reused connection failed. They are served first, because they take the places of the failed connections. */
  readonly #fresh = new Set<Waiter>()

  constructor(route: Route, settings: Settings, onEmpty: (origin: Origin) => void) {
    this.route = route
    this.settings = settings
    this.#onEmpty = onEmpty
  }

  /** True if the server has closed a connection, or sent unexpected bytes on it, soon after a response. */
  get isAbrupt(): boolean {
    return this.settings.abrupt.has(this.route.url.origin)
  }

  noteAbrupt(): void {
    const { abrupt } = this.settings
    if (abrupt.size < maxAbrupt) abrupt.add(this.route.url.origin)
  }

  /** Returns an idle connection, or adds the waiter to the queue and returns undefined. */
  acquire(waiter: Waiter): Connection | undefined {
    const connection = waiter.isFresh ? undefined : this.#takeIdle()
    if (connection !== undefined) return connection
    this.#queueOf(waiter).add(waiter)
    this.#pump()
    return undefined
  }

  /** Removes a waiter from the queue. Its attempt to connect goes to the next waiter, unless the attempt seems to hang. */
  leave(waiter: Waiter, { hung }: { readonly hung: boolean }): void {
    if (!this.#queueOf(waiter).delete(waiter)) return
    const { attempt } = waiter
    if (attempt !== undefined) {
      if (hung) this.#abandon(attempt)
      else this.#inherit(attempt)
    }
    this.#settle()
  }

  /** Registers a connection that is not reused until `offer` is called with it. */
  rest(connection: Connection): void {
    this.#resting.add(connection)
  }

  /** Gives a free connection to the next waiter. Without a waiter, it becomes idle, or is closed if `keepAlive` is 0. */
  offer(connection: Connection): void {
    this.#resting.delete(connection)
    const [waiter] = connection.requests === 0 ? this.#queue() : this.#waiters
    if (waiter === undefined) {
      if (this.settings.keepAlive <= 0) connection.close()
      else this.#idle.push(connection)
      return
    }
    this.#queueOf(waiter).delete(waiter)
    if (waiter.attempt !== undefined) this.#inherit(waiter.attempt)
    waiter.onConnection(connection)
  }

  /** Closes the connections that have been idle for at least as long as one that failed when it was reused. */
  distrust(failed: Connection): void {
    for (const connection of [...this.#idle, ...this.#resting]) {
      if (connection.freedAt <= failed.freedAt) connection.close()
    }
  }

  lost(connection: Connection): void {
    this.#open.delete(connection)
    this.#resting.delete(connection)
    const index = this.#idle.indexOf(connection)
    if (index >= 0) this.#idle.splice(index, 1)
    this.#pump()
    this.#settle()
  }

  /** Closes all connections, fails all waiters, and waits until the sockets are closed. */
  close(failure: Failure): Effect.Effect<void> {
    return Effect.suspend(() => {
      for (const waiter of this.#queue()) {
        this.#queueOf(waiter).delete(waiter)
        waiter.onFailure(failure)
      }
      for (const attempt of this.#attempts) this.#abandon(attempt)
      const sockets = [...this.#open].map(({ socket }) => socket)
      for (const connection of this.#open) connection.close()
      return Effect.forEach(sockets, closed, { concurrency: "unbounded", discard: true })
    })
  }

  #takeIdle(): Connection | undefined {
    // the most recently used connection is the least likely to have been closed by the server
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (connection.isQuiet) return connection
      connection.close()
    }
    return undefined
  }

  #queueOf(waiter: Waiter): Set<Waiter> {
    return waiter.isFresh ? this.#fresh : this.#waiters
  }

  /** Returns all waiters, in the order in which they get new connections. */
  *#queue(): Generator<Waiter, void> {
    yield* this.#fresh
    yield* this.#waiters
  }

  /** Starts to connect for each waiter that no resting connection will serve, up to the maximum number of connections. */
  #pump(): void {
    let resting = this.#resting.size
    // the usual case, in which there is no need to look at each waiter
    if (this.#fresh.size === 0 && this.#waiters.size <= resting) return
    for (const waiter of this.#queue()) {
      if (this.#open.size + this.#attempts.size >= this.settings.connections) return
      if (waiter.attempt !== undefined) continue
      if (waiter.isFresh || resting-- <= 0) this.#connect(waiter)
    }
  }

  #connect(waiter: Waiter): void {
    const attempt: Attempt = { stop: ignore, since: undefined, owner: waiter }
    this.#attempts.add(attempt)
    waiter.attempt = attempt
    waiter.onConnecting()
    attempt.stop = connecting(this.route)((socket, failure = unconnected) => {
      const { owner } = attempt
      if (!this.#attempts.delete(attempt) || owner === undefined) {
        socket?.destroy()
        return
      }
      owner.attempt = undefined
      if (socket !== undefined) {
        const connection = new Connection(this, socket)
        this.#open.add(connection)
        this.offer(connection)
        return
      }
      this.#queueOf(owner).delete(owner)
      owner.onFailure(failure)
      this.#pump()
      this.#settle()
    })
  }

  /** Gives an attempt to the next waiter without one, or stops the attempt if there is no such waiter. */
  #inherit(attempt: Attempt): void {
    if (attempt.owner !== undefined) attempt.owner.attempt = undefined
    attempt.owner = undefined
    for (const waiter of this.#queue()) {
      if (waiter.attempt === undefined) {
        waiter.attempt = attempt
        attempt.owner = waiter
        waiter.onConnecting()
        return
      }
    }
    this.#abandon(attempt)
  }

  #abandon(attempt: Attempt): void {
    if (attempt.owner !== undefined) attempt.owner.attempt = undefined
    if (!this.#attempts.delete(attempt)) return
    attempt.stop()
    this.#pump()
  }

  #settle(): void {
    if (this.#open.size === 0 && this.#attempts.size === 0 && this.#waiters.size + this.#fresh.size === 0)
      this.#onEmpty(this)
  }
}
