/**
 * The observations of an examination, before they are judged.
 *
 * @since 0.1.0
 */
import type { ApiError } from "../../../ApiError.js"
import type { ServerCounts } from "../../../fireworks/ServerMetrics.js"
import type { Address, Handshake, Outcome, Reached } from "./probes.js"

/** The proxy of the environment. Its URL has no credentials. */
export type Proxy =
  | { readonly _tag: "None" }
  | { readonly _tag: "Invalid" }
  | { readonly _tag: "Used"; readonly url: string; readonly host: string; readonly port: number }

/** The observations. The result of a step is absent if the step did not run. */
export interface Observation {
  /** Without credentials, query and path. */
  readonly url: string
  readonly host: string
  readonly port: number
  readonly secure: boolean
  /** When the examination began, in milliseconds of wall time. */
  readonly at: number
  /** The time for each step, in milliseconds. */
  readonly timeout: number
  readonly proxy: Proxy
  /** True if this process trusts every certificate. */
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
