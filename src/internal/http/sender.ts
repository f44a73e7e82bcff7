/**
 * The sender of a response that may not come from the server.
 *
 * @since 0.1.0
 */

/** `proxy`: a forward proxy that did not forward the request. `unknown`: the proxy or the server. */
export type Sender = "proxy" | "unknown"
