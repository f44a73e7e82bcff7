/**
 * Types shared by the modules of the Fireworks client.
 *
 * @since 0.1.0
 */
import type * as Workload from "../../Workload.js"

/**
 * Options of a single call.
 *
 * @since 0.1.0
 * @category model
 */
export interface CallOptions {
  /** The workload of this call. @default that of the current fiber (`Workload.within`), else that of the service */
  readonly workload?: Workload.Workload | undefined
  /** A routing key: calls with one key go to one replica, to reuse its prompt cache (`x-session-affinity`). @default none */
  readonly sessionAffinity?: string | undefined
  /** A routing key for one conversation; takes precedence over `sessionAffinity` (`x-multi-turn-session-id`). @default none */
  readonly multiTurnSession?: string | undefined
  /** The id of the call, the same in each attempt (`x-request-id`). @default a generated id */
  readonly requestId?: string | undefined
  /** Additional headers. @default none */
  readonly headers?: Readonly<Record<string, string>> | undefined
}
