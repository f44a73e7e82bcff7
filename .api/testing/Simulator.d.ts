import type { DurationInput } from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ApiError } from "../ApiError.js"
import { type Expectations, Unmet } from "./internal/simulator/expectations.js"
import type * as model from "./internal/simulator/model.js"
import { type Report } from "./internal/simulator/report.js"
import { type Server } from "./internal/simulator/server.js"
import { type Scale, type Scenario, type ScenarioName } from "./internal/simulator/trafficScenarios.js"
export type { Interval } from "./internal/simulator/histogram.js"
export type * from "./internal/simulator/model.js"
export type { ClassReport, Report, Series, Settling } from "./internal/simulator/report.js"
export { type ClassExpectations, type Expectations, Unmet } from "./internal/simulator/expectations.js"
export { type Server, ServerTypeId } from "./internal/simulator/server.js"
export { policies } from "./internal/simulator/policies.js"
export { type Scale, type Scenario, type ScenarioName, scenarioNames } from "./internal/simulator/trafficScenarios.js"
export interface Options<A = model.Response, E = ApiError, R = never> {
  readonly server: Server<A, E, R>
  readonly load: model.Load | ReadonlyArray<model.Load>
  readonly duration: DurationInput
  readonly processes?: number | undefined
  readonly seed?: number | undefined
  readonly warmUp?: DurationInput | undefined
  readonly roundTrip?: DurationInput | undefined
  readonly promises?: boolean | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
}
export interface Progress {
  readonly policy: string
  readonly share: number
}
export declare const bucket: (options: model.BucketOptions) => Server
export declare const tokens: (options?: model.TokensOptions) => Server
export declare const slots: (options?: model.SlotsOptions) => Server
export declare const effect: <A, E, R = never>(attempt: (call: model.Call) => Effect.Effect<A, E, R>) => Server<A, E, R>
export declare const lognormal: (
  random: () => number,
  options: {
    readonly mean: number
    readonly sigma?: number | undefined
  }
) => number
export declare const scenario: (name: ScenarioName, scale?: Scale) => Scenario
export declare const run: {
  <A, E, R, K extends string, R2 = never, EX = never, RX = never>(
    options: Options<A, E, R> & {
      readonly policies: {
        readonly [_ in K]: model.Policy<A, E, R, R2, EX, RX>
      }
      readonly policy?: undefined
    }
  ): Effect.Effect<
    {
      readonly [_ in K]: Report
    },
    EX,
    R | R2 | Exclude<RX, Scope.Scope>
  >
  <A, E, R, R2 = never, EX = never, RX = never>(
    options: Options<A, E, R> & {
      readonly policy: model.Policy<A, E, R, R2, EX, RX>
      readonly policies?: undefined
    }
  ): Effect.Effect<Report, EX, R | R2 | Exclude<RX, Scope.Scope>>
}
export declare const expect: {
  (expected: Expectations): (report: Report) => Effect.Effect<Report, Unmet>
  (report: Report, expected: Expectations): Effect.Effect<Report, Unmet>
}
