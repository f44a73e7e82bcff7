/**
 * Connections, and who waits for one.
 *
 * Undici's pools queue work that cannot be taken back, and fail all of it when one connection cannot be made. Here each
 * connection is a `Client` of its own, made of a socket that is connected already, and what waits is a list: who is
 * interrupted is removed from it, and a connection that fails is told to the one that it was made for.
 *
 * @since 0.1.0
 */
import type * as net from "node:net"
import * as Effect from "effect/Effect"
import { unsafeMake } from "../../ApiError.js"
import { connecting, type Failure, type Route } from "./connect.js"
import { Client } from "./undici.js"

/** Somebody who waits for a connection. */
export interface Waiter {
  /** There is one. */
  readonly onConnection: (connection: Connection) => void
  /** One is being made for it. */
  readonly onConnecting: () => void
  /** It could not be made. */
  readonly onFailure: (failure: Failure) => void
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
}

/** A connection that is open. */
export class Connection {
  readonly client: Client
  readonly socket: net.Socket
  readonly origin: Origin
  /** Requests that were written before the present one. */
  requests = 0
  open = true

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
    this.client.on("disconnect", () => this.close(gone()))
    socket.on("error", ignore)
    socket.on("close", () => this.close(gone()))
  }

  /** Gives it back after a request that ended well; the server may have closed it meanwhile. */
  free(): void {
    this.requests++
    // what answers before it has read everything may never read the rest
    if (this.socket.destroyed || this.socket.writableLength > 0) this.close(gone())
    if (this.open) this.origin.offer(this)
  }

  /** Destroys the socket; what is on it fails with the cause. */
  close(cause: Error | null = null): void {
    if (!this.open) return
    this.open = false
    this.client.destroy(cause, ignore)
    this.socket.destroy()
    this.origin.lost(this)
  }
}

// With a code of undici's own for sockets, a client would connect again, and again
const gone = (): Error => Object.assign(new Error("The connection is gone"), { code: "ECONNRESET" })

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
  readonly #attempts = new Set<Attempt>()
  // a set keeps the order of arrival, and lets go of anybody at once
  readonly #waiters = new Set<Waiter>()

  constructor(route: Route, settings: Settings, onEmpty: (origin: Origin) => void) {
    this.route = route
    this.settings = settings
    this.#onEmpty = onEmpty
  }

  /** Hands out a connection now, or later by `onConnection`. */
  acquire(waiter: Waiter): Connection | undefined {
    const connection = this.#takeIdle()
    if (connection !== undefined) return connection
    this.#waiters.add(waiter)
    this.#pump()
    return undefined
  }

  /** Takes back that somebody waits; what was begun for him serves the next, unless it seems to hang. */
  leave(waiter: Waiter, { hung }: { readonly hung: boolean }): void {
    if (!this.#waiters.delete(waiter)) return
    const { attempt } = waiter
    if (attempt !== undefined) {
      if (hung) this.#abandon(attempt)
      else this.#inherit(attempt)
    }
    this.#settle()
  }

  /** A connection is free. */
  offer(connection: Connection): void {
    const [waiter] = this.#waiters
    if (waiter === undefined) {
      if (this.settings.keepAlive <= 0) connection.close()
      else this.#idle.push(connection)
      return
    }
    this.#waiters.delete(waiter)
    if (waiter.attempt !== undefined) this.#inherit(waiter.attempt)
    waiter.onConnection(connection)
  }

  lost(connection: Connection): void {
    this.#open.delete(connection)
    const index = this.#idle.indexOf(connection)
    if (index >= 0) this.#idle.splice(index, 1)
    this.#pump()
    this.#settle()
  }

  /** Closes everything; who waits fails. It ends when the sockets are closed. */
  close(failure: Failure): Effect.Effect<void> {
    return Effect.suspend(() => {
      for (const waiter of this.#waiters) {
        this.#waiters.delete(waiter)
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
      if (!connection.socket.destroyed && connection.socket.readable) return connection
      connection.close()
    }
    return undefined
  }

  /** Begins connections for those that wait, as many as there may be. */
  #pump(): void {
    for (const waiter of this.#waiters) {
      if (this.#open.size + this.#attempts.size >= this.settings.connections) return
      if (waiter.attempt === undefined) this.#connect(waiter)
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
      this.#waiters.delete(owner)
      owner.onFailure(failure)
      this.#pump()
      this.#settle()
    })
  }

  /** Gives an attempt whose waiter is served to the next who has none. */
  #inherit(attempt: Attempt): void {
    if (attempt.owner !== undefined) attempt.owner.attempt = undefined
    attempt.owner = undefined
    for (const waiter of this.#waiters) {
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
    if (this.#open.size === 0 && this.#attempts.size === 0 && this.#waiters.size === 0) this.#onEmpty(this)
  }
}
