/**
 * Connections, and who waits for one.
 *
 * Undici's pools queue work that cannot be taken back, and fail all of it when one connection cannot be made. Here each
 * connection is a `Client` of its own, made of a socket that is connected already, and what waits is a list: who is
 * interrupted is removed from it, and a connection that fails is told to the one that it was made for.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as net from "node:net"
import { unsafeMake } from "../../internal/apiError/unsafeMake.js"
import { connecting, type Failure, type Route } from "./connect.js"
import { Client, errors } from "./undici.js"

/** Somebody who waits for a connection. */
export interface Waiter {
  /** There is one. */
  readonly onConnection: (connection: Connection) => void
  /** One is being made for it. */
  readonly onConnecting: () => void
  /** It could not be made. */
  readonly onFailure: (failure: Failure) => void
  /** Whether only a new connection will do: one that was used before has just failed it. */
  readonly isFresh: boolean
  /** The attempt to connect that was begun for it. */
  attempt: Attempt | undefined
}

/** A connection in the making. */
export interface Attempt {
  stop: () => void
  /** When it began, by the clock of the one it was begun for. */
  since: number | undefined
  owner: Waiter | undefined
}

/** What a pool is made with. */
export interface Settings {
  /** Connections to one origin. */
  readonly connections: number
  /** Milliseconds that an idle connection is kept. */
  readonly keepAlive: number
  /** Bytes of an answer's headers. */
  readonly maxHeaders: number
  /** The servers that have ended a connection, or sent more on it, soon after a response. */
  readonly abrupt: Set<string>
}

/**
 * Milliseconds that a connection rests after its first response. A server that closes its connections without saying so,
 * or sends more than a response, does it then; on a loaded machine this may be milliseconds after the response.
 */
const probation = 10

/** Milliseconds after a response within which a server that ends the connection is taken to do so after each response. */
const abrupt = 1000

/** The most servers that are remembered for it. */
const maxAbrupt = 1000

/** A connection that is open. */
export class Connection {
  readonly client: Client
  readonly socket: net.Socket
  readonly origin: Origin
  /** Requests that were written before the present one. */
  requests = 0
  open = true
  /** When it was made or last became free, on the host's monotonic clock. */
  freedAt = performance.now()
  /** Bytes that had been read when it was given back. */
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
        // a client connects once: when its connection is gone, so is the client
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
      // undici's own reasons are an announced end, and the end of an idle connection's time
      if (!(error instanceof errors.InformationalError)) this.#noteEnd()
      this.close(gone())
    })
    socket.on("error", ignore)
    socket.on("close", () => this.close(gone()))
  }

  /** Whether the connection can carry a request: nothing has arrived since the last response, and the server has not closed it. */
  get isQuiet(): boolean {
    const { socket } = this
    return !socket.destroyed && socket.readable && (this.requests === 0 || socket.bytesRead === this.#read)
  }

  /**
   * Gives the connection back after a response that was read to its end.
   *
   * The connection is offered only after the event loop has polled the socket once more: a server may close the connection,
   * or send more than the response, without saying so before.
   */
  free(): void {
    this.requests++
    this.#read = this.socket.bytesRead
    this.freedAt = performance.now()
    this.origin.rest(this)
    // undici is not done with the connection yet
    queueMicrotask(() => {
      const { origin, socket } = this
      // what answers before it has read everything may never read the rest
      if (socket.destroyed || socket.writableLength > 0) this.close(gone())
      if (!this.open) return
      if (this.requests > 1 && !origin.isAbrupt) this.#yield()
      else this.#timer = setTimeout(() => this.#yield(), probation)
    })
  }

  /**
   * Offers the connection in the next check phase. That alone is no full turn, since a response is mostly read in the poll
   * phase before it. Undici waits for one more check phase before it writes on a connection that was used; what arrives in
   * the poll phase between them ends the connection before the request is written.
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

  /** Destroys the socket; what is on it fails with the cause. */
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

// With a code of undici's own for sockets, a client would connect again, and again
export const gone = (): Error => Object.assign(new Error("The connection is gone"), { code: "ECONNRESET" })

const unconnected: Failure = (about) => unsafeMake({ class: "Transient", reason: "Connect" }, about)

const ignore = (): void => undefined

const closed = (socket: net.Socket): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (socket.closed) resume(Effect.void)
    else socket.once("close", () => resume(Effect.void))
  })

/** All connections of one kind to one server. */
export class Origin {
  readonly route: Route
  readonly settings: Settings
  readonly #onEmpty: (origin: Origin) => void
  readonly #idle: Array<Connection> = []
  readonly #open = new Set<Connection>()
  readonly #resting = new Set<Connection>()
  readonly #attempts = new Set<Attempt>()
  // a set keeps the order of arrival, and lets go of anybody at once
  readonly #waiters = new Set<Waiter>()
  /** Those whose connection failed them. They come first, since the places of the failed connections are theirs. */
  readonly #fresh = new Set<Waiter>()

  constructor(route: Route, settings: Settings, onEmpty: (origin: Origin) => void) {
    this.route = route
    this.settings = settings
    this.#onEmpty = onEmpty
  }

  /** Whether the server has ended a connection, or sent more on it, soon after a response. */
  get isAbrupt(): boolean {
    return this.settings.abrupt.has(this.route.url.origin)
  }

  noteAbrupt(): void {
    const { abrupt } = this.settings
    if (abrupt.size < maxAbrupt) abrupt.add(this.route.url.origin)
  }

  /** Hands out a connection now, or later by `onConnection`. */
  acquire(waiter: Waiter): Connection | undefined {
    const connection = waiter.isFresh ? undefined : this.#takeIdle()
    if (connection !== undefined) return connection
    this.#queueOf(waiter).add(waiter)
    this.#pump()
    return undefined
  }

  /** Takes back that somebody waits; what was begun for him serves the next, unless it seems to hang. */
  leave(waiter: Waiter, { hung }: { readonly hung: boolean }): void {
    if (!this.#queueOf(waiter).delete(waiter)) return
    const { attempt } = waiter
    if (attempt !== undefined) {
      if (hung) this.#abandon(attempt)
      else this.#inherit(attempt)
    }
    this.#settle()
  }

  /** Takes a connection back that will be offered once it has rested. */
  rest(connection: Connection): void {
    this.#resting.add(connection)
  }

  /** A connection is free. */
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

  /** Closes everything; who waits fails. It ends when the sockets are closed. */
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
    // the one used last is the least likely to be closed by the server
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (connection.isQuiet) return connection
      connection.close()
    }
    return undefined
  }

  #queueOf(waiter: Waiter): Set<Waiter> {
    return waiter.isFresh ? this.#fresh : this.#waiters
  }

  /** All that wait, in the order in which new connections are handed out. */
  *#queue(): Generator<Waiter, void> {
    yield* this.#fresh
    yield* this.#waiters
  }

  /** Begins connections for those that wait and that no resting connection will serve, as many as there may be. */
  #pump(): void {
    let resting = this.#resting.size
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

  /** Gives an attempt whose waiter is served to the next who has none. */
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
