/**
 * The records of a fault server: connections, requests and counts.
 *
 * @since 0.1.0
 */
import type { Request, Fault, Connection } from "../../Fault.js"

/**
 * How a connection closed: who was the first to end it, and whether by FIN (`end`) or RST (`reset`).
 *
 * @since 0.1.0
 * @category model
 */
export interface Closed {
  readonly by: "client" | "server"
  readonly how: "end" | "reset"
  /** Wall time, in milliseconds. */
  readonly at: number
}

/**
 * A request that arrived whole, and what became of it.
 *
 * @since 0.1.0
 * @category model
 */
export interface RequestRecord extends Request {
  /** The first 64 KiB. */
  readonly body: string
  /** The size of the whole body. */
  readonly bytes: number
  /** What the script gave it. */
  readonly fault: Fault
  /** Whether a limit turned it away. */
  readonly rejected: boolean
  /** The status of its answer; absent as long as there is none. */
  readonly status: number | undefined
  /** When its answer was over, and whether it had come to its end. */
  readonly ended: { readonly at: number; readonly complete: boolean } | undefined
  /** How its connection closed. */
  readonly closed: Closed | undefined
}

/**
 * A connection that was made.
 *
 * @since 0.1.0
 * @category model
 */
export interface ConnectionRecord {
  /** 1 for the first. */
  readonly connection: number
  /** What the script gave it. */
  readonly treatment: Connection
  /** Wall time, in milliseconds. */
  readonly openedAt: number
  /** How many requests arrived whole. */
  readonly requests: number
  /** With those of TLS. */
  readonly bytesRead: number
  readonly bytesWritten: number
  /** Absent while it is open. */
  readonly closed: Closed | undefined
}

/**
 * How much has happened since the server was made.
 *
 * @since 0.1.0
 * @category model
 */
export interface Counts {
  /** Requests that arrived whole. */
  readonly requests: number
  /** Answers that are over, whether or not they came to their end. */
  readonly answered: number
  /** Requests that a limit turned away. */
  readonly rejected: number
  /** Connections made. */
  readonly opened: number
  /** Connections closed again. */
  readonly closed: number
}
