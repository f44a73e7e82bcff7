/**
 * Types of the records of a fault server: connections, requests and counts.
 *
 * @since 0.1.0
 */
import type { Request, Fault, Connection } from "../../Fault.js"

/**
 * The end of a connection: the side that ended it first, by FIN (`end`) or RST (`reset`).
 *
 * @since 0.1.0
 * @category model
 */
export interface Closed {
  readonly by: "client" | "server"
  readonly how: "end" | "reset"
  /** Wall-clock time, in milliseconds. */
  readonly at: number
}

/**
 * A request that arrived completely, and its outcome.
 *
 * @since 0.1.0
 * @category model
 */
export interface RequestRecord extends Request {
  /** The first 64 KiB of the body. */
  readonly body: string
  /** Size of the whole body in bytes. */
  readonly bytes: number
  /** The fault that the script returned for this request. */
  readonly fault: Fault
  /** True if a `RateLimit` or `Capacity` rejected the request. */
  readonly rejected: boolean
  /** Status of the response; absent until a status line is sent. */
  readonly status: number | undefined
  /** The time when the response ended, in milliseconds, and whether it was complete; absent until then. */
  readonly ended: { readonly at: number; readonly complete: boolean } | undefined
  /** The end of the connection that carried the request; absent while the connection is open. */
  readonly closed: Closed | undefined
}

/**
 * A connection that was opened.
 *
 * @since 0.1.0
 * @category model
 */
export interface ConnectionRecord {
  /** Number of the connection; 1 for the first. */
  readonly connection: number
  /** The treatment that the script returned for this connection. */
  readonly treatment: Connection
  /** Wall-clock time, in milliseconds. */
  readonly openedAt: number
  /** Number of requests that arrived completely. */
  readonly requests: number
  /** Bytes read from the socket, those of TLS included. */
  readonly bytesRead: number
  /** Bytes written to the socket, those of TLS included. */
  readonly bytesWritten: number
  /** The end of the connection; absent while it is open. */
  readonly closed: Closed | undefined
}

/**
 * Counts since the server was made.
 *
 * @since 0.1.0
 * @category model
 */
export interface Counts {
  /** Requests that arrived completely. */
  readonly requests: number
  /** Responses that have ended, complete or not. */
  readonly answered: number
  /** Requests that a `RateLimit` or `Capacity` rejected. */
  readonly rejected: number
  /** Connections that were opened. */
  readonly opened: number
  /** Connections that were closed. */
  readonly closed: number
}
