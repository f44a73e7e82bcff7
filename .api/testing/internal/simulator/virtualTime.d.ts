import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { HeapNode } from "../../../internal/heap.js"
export type Wake = HeapNode<() => void>
export interface VirtualTimeOptions {
  readonly promises: boolean
}
export declare class VirtualTime implements Scheduler.Scheduler {
  #private
  now: number
  readonly clock: Clock.Clock
  constructor({ promises }: VirtualTimeOptions)
  after(millis: number, fire: () => void): Wake
  at(time: number, fire: () => void): Wake
  cancel(wake: Wake): void
  shouldYield(fiber: Fiber.RuntimeFiber<unknown, unknown>): number | false
  scheduleTask(task: () => void): void
  run(begin: () => void, isOver: () => boolean): Effect.Effect<void>
  finish(begin: () => void, isOver: () => boolean): void
  advanceTo(moment: number): void
}
