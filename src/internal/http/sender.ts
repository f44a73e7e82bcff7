/**
 * Who sent a response, where it need not be the server.
 *
 * @since 0.1.0
 */

/** A forward proxy that did not forward it, or either of the two. */
export type Sender = "proxy" | "unknown"
