/**
 * The types that the parts of the Fireworks client share.
 *
 * @since 0.1.0
 */
import type * as Workload from "../../Workload.js"

/**
 * What each call takes.
 *
 * @since 0.1.0
 * @category model
 */
export interface CallOptions {
  /** The limits and retries of this call. @default those around it (`Workload.within`), then those of the service */
  readonly workload?: Workload.Workload | undefined
  /** Calls of the same key go to the same replica, whose cache knows the prompt (`x-session-affinity`). @default none */
  readonly sessionAffinity?: string | undefined
  /** The same for the turns of one conversation; it counts before `sessionAffinity` (`x-multi-turn-session-id`). @default none */
  readonly multiTurnSession?: string | undefined
  /** The id of the call, the same on each attempt (`x-request-id`). @default a new one */
  readonly requestId?: string | undefined
  /** Further headers. @default none */
  readonly headers?: Readonly<Record<string, string>> | undefined
}
