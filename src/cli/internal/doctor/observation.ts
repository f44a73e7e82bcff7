/**
 * What a walk has seen, before anything is made of it.
 *
 * @since 0.1.0
 */
import type { ApiError } from "../../../ApiError.js"
import type { ServerCounts } from "../../../fireworks/ServerMetrics.js"
import type { Address, Handshake, Outcome, Reached } from "./probes.js"

/** The proxy on the way; its URL without credentials. */
export type Proxy =
  | { readonly _tag: "None" }
  | { readonly _tag: "Invalid" }
  | { readonly _tag: "Used"; readonly url: string; readonly host: string; readonly port: number }

/** What a walk has seen; what is absent it did not come to. */
export interface Observation {
  /** Without credentials, query and path. */
  readonly url: string
  readonly host: string
  readonly port: number
  readonly secure: boolean
  /** When it began, in milliseconds of wall time. */
  readonly at: number
  /** The time for each step, in milliseconds. */
  readonly timeout: number
  readonly proxy: Proxy
  /** Whether this process is told to trust every certificate. */
  readonly trustsAll: boolean
  readonly dns?: Outcome<ReadonlyArray<Address>>
  readonly tcp?: ReadonlyArray<Address & { readonly outcome: Outcome<void> }>
  readonly tls?: Outcome<Handshake>
  readonly http?: Outcome<Reached, ApiError>
  readonly key: "missing" | "malformed" | "given"
  readonly keyed?: Outcome<void, ApiError>
  readonly model: string | undefined
  readonly first?: Outcome<void, ApiError>
  readonly deployment: string | undefined
  readonly metrics?: Outcome<ServerCounts, ApiError>
}
