import type { DurationInput } from "effect/Duration"
import type { Load, Size } from "./model.js"
import { type Server } from "./server.js"
export interface Scenario {
  readonly description: string
  readonly server: Server
  readonly load: Load | ReadonlyArray<Load>
  readonly duration: DurationInput
  readonly processes?: number | undefined
  readonly warmUp?: DurationInput | undefined
}
export interface Scale {
  readonly perSecond?: number | undefined
  readonly workers?: number | undefined
}
declare const makers: {
  limit: ({
    perSecond,
    workers
  }: Required<{
    readonly perSecond?: number
    readonly workers?: number
  }>) => {
    description: string
    server: Server<import("./model.js").Response, import("../../../ApiError.js").ApiError, never>
    load: {
      workers: number
    }
    duration: "1 minute"
  }
  headers: ({
    perSecond,
    workers
  }: Required<{
    readonly perSecond?: number
    readonly workers?: number
  }>) => {
    description: string
    server: Server<import("./model.js").Response, import("../../../ApiError.js").ApiError, never>
    load: {
      workers: number
    }
    duration: "1 minute"
  }
  tokens: ({
    perSecond,
    workers
  }: Required<{
    readonly perSecond?: number
    readonly workers?: number
  }>) => {
    description: string
    server: Server<import("./model.js").Response, import("../../../ApiError.js").ApiError, never>
    load: {
      workers: number
      sizes: (random: () => number) => Size
    }
    duration: "5 minutes"
    warmUp: "1 minute"
  }
  change: ({
    perSecond,
    workers
  }: Required<{
    readonly perSecond?: number
    readonly workers?: number
  }>) => {
    description: string
    server: Server<import("./model.js").Response, import("../../../ApiError.js").ApiError, never>
    load: {
      workers: number
    }
    duration: "3 minutes"
  }
  slots: ({
    perSecond,
    workers
  }: Required<{
    readonly perSecond?: number
    readonly workers?: number
  }>) => {
    description: string
    server: Server<import("./model.js").Response, import("../../../ApiError.js").ApiError, never>
    load: {
      workers: number
    }
    duration: "3 minutes"
  }
  outage: ({
    perSecond
  }: Required<{
    readonly perSecond?: number
    readonly workers?: number
  }>) => {
    description: string
    server: Server<import("./model.js").Response, import("../../../ApiError.js").ApiError, never>
    load: {
      perSecond: number
    }
    duration: "2 minutes"
  }
  brownout: ({
    perSecond
  }: Required<{
    readonly perSecond?: number
    readonly workers?: number
  }>) => {
    description: string
    server: Server<import("./model.js").Response, import("../../../ApiError.js").ApiError, never>
    load: {
      perSecond: number
    }
    duration: "3 minutes"
  }
  herd: ({
    perSecond,
    workers
  }: Required<{
    readonly perSecond?: number
    readonly workers?: number
  }>) => {
    description: string
    server: Server<import("./model.js").Response, import("../../../ApiError.js").ApiError, never>
    load: {
      workers: number
    }
    duration: "1 minute"
    warmUp: "10 seconds"
  }
  classes: ({
    perSecond,
    workers
  }: Required<{
    readonly perSecond?: number
    readonly workers?: number
  }>) => {
    description: string
    server: Server<import("./model.js").Response, import("../../../ApiError.js").ApiError, never>
    load: (
      | {
          workers: number
          class: string
          perSecond?: never
        }
      | {
          perSecond: number
          class: string
          workers?: never
        }
    )[]
    duration: "2 minutes"
  }
  processes: ({
    perSecond,
    workers
  }: Required<{
    readonly perSecond?: number
    readonly workers?: number
  }>) => {
    description: string
    server: Server<import("./model.js").Response, import("../../../ApiError.js").ApiError, never>
    load: {
      workers: number
    }
    processes: number
    duration: "2 minutes"
  }
}
export type ScenarioName = keyof typeof makers
export declare const scenarioNames: ReadonlyArray<ScenarioName>
export declare const scenarioOf: (name: ScenarioName, { perSecond, workers }: Scale) => Scenario
export {}
