/**
 * The result of the command `simulate`.
 *
 * @since 0.2.0
 */
import type * as Simulator from "../../../testing/Simulator.js"

/** The reports of all policies on the same calls, as `--json` prints them. */
export interface Simulation {
  readonly version: 1
  /** The name of the scenario. */
  readonly scenario: string
  readonly description: string
  readonly seed: number
  /** The simulated time, in seconds. */
  readonly seconds: number
  /** The beginning of the simulation that the figures leave out, in seconds. */
  readonly warmUp: number
  /** The outages, brown-outs and error shares of the server, in seconds. */
  readonly troubles: ReadonlyArray<{ readonly from: number; readonly to: number }>
  readonly policies: Readonly<Record<string, Simulator.Report>>
}
