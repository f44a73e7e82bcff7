import { type Headers, type NamedLimit } from "./serverHeaders.js"
import type { CheckedBucket, CheckedServer, CheckedSlots, CheckedTokens, Late } from "./simulationOptions.js"
import type { Random } from "./random.js"
import type { VirtualTime } from "./virtualTime.js"
export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly stream: boolean
}
export interface Arrival {
  readonly input: number
  readonly output: number
  readonly head: (reply: Reply) => void
  readonly end: (reply: Reply) => void
}
export type Verdict = "admitted" | "refused" | "failed" | "ignored"
export declare abstract class Model {
  #private
  protected readonly time: VirtualTime
  protected readonly random: Random
  constructor(time: VirtualTime, random: Random, options: CheckedServer)
  abstract get perSecond(): number | undefined
  get room(): number | undefined
  wait(size: { readonly input: number }): number
  handle(arrival: Arrival): Verdict
  protected abstract waitFor(size: { readonly input: number }): number
  protected abstract admit(arrival: Arrival): Verdict
  protected abstract limits(): ReadonlyArray<NamedLimit>
  protected limitHeaders(): Headers
  protected hintFor(millis: number, form?: NonNullable<"seconds" | "date" | "millis" | "none" | undefined>): Headers
  protected refuse(arrival: Arrival, status: number, wait: number | undefined): Verdict
  protected duration(latency: Late, queued?: number, slots?: number): number
  protected begin(): void
  protected respond(arrival: Arrival, millis: number, first: number, done?: () => void): void
  protected get active(): number
}
export declare class BucketModel extends Model {
  #private
  constructor(time: VirtualTime, random: Random, options: CheckedBucket)
  get perSecond(): number
  protected waitFor(): number
  protected admit(arrival: Arrival): Verdict
  protected limits(): ReadonlyArray<NamedLimit>
}
export declare class TokensModel extends Model {
  #private
  constructor(time: VirtualTime, random: Random, options: CheckedTokens)
  get perSecond(): number
  protected waitFor({ input: size }: { readonly input: number }): number
  protected admit(arrival: Arrival): Verdict
  protected limits(): ReadonlyArray<NamedLimit>
}
export declare class SlotsModel extends Model {
  #private
  constructor(time: VirtualTime, random: Random, options: CheckedSlots)
  get perSecond(): undefined
  get room(): number
  protected waitFor(): number
  protected admit(arrival: Arrival): Verdict
  protected limits(): ReadonlyArray<NamedLimit>
}
