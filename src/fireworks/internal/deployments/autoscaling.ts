/**
 * Validates changes to a deployment's autoscaling, and encodes them: a body of the given fields, and the mask that names them.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { duration, number, refuse } from "../../../internal/options.js"
import type { Autoscaling, ScalingSchedule } from "./model.js"

type Json = Readonly<Record<string, unknown>>

/** A change: the field mask, and the body. */
export interface Change {
  readonly mask: string
  readonly body: Json
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const maxReplicas = 2 ** 31 - 1

const isGiven = ([, value]: readonly [string, unknown]): boolean => value !== undefined

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Returns a duration in the JSON form of protocol buffers, such as `"30s"`. */
const seconds = (
  owner: string,
  option: string,
  input: Duration.DurationInput,
  { max = Infinity, min = 0 }: { readonly max?: number; readonly min?: number }
): string => {
  const value = duration(owner, option, input, { min })
  const millis = Duration.toMillis(value)
  if (millis > max) refuse(owner, option, value, `at most ${Duration.format(max)}`)
  return `${Math.round(millis) / 1000}s`
}

const replicas = (owner: string, option: string, value: number, min = 0): number =>
  number(owner, option, value, { integer: true, min, max: maxReplicas })

/** Returns undefined if every named target is undefined. An empty object removes the existing targets. */
const loadTargets = (owner: string, targets: Readonly<Record<string, number | undefined>>): Json | undefined => {
  const entries = Object.entries(targets).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const]
  )
  if (entries.length === 0 && Object.keys(targets).length > 0) return undefined
  for (const [name, value] of entries) number(owner, `loadTargets.${name}`, value, { min: Number.MIN_VALUE })
  return Object.fromEntries(entries)
}

const schedule = (owner: string, name: string, given: ScalingSchedule): Json => {
  const option = `scalingSchedules.${name}`
  const { duration: lasts, minReplicaCount, schedule, ...rest } = given
  if (schedule.trim().split(/\s+/).length !== 5)
    refuse(owner, `${option}.schedule`, schedule, "a cron expression with five fields")
  return {
    ...rest,
    schedule,
    minReplicaCount: replicas(owner, `${option}.minReplicaCount`, minReplicaCount),
    duration: seconds(owner, `${option}.duration`, lasts, { min: 5 * minute, max: 7 * day })
  }
}

const scalingSchedules = (owner: string, schedules: Readonly<Record<string, ScalingSchedule>>): Json => {
  const entries = Object.entries(schedules)
  if (entries.length > 5) refuse(owner, "scalingSchedules", `${entries.length} schedules`, "at most 5 schedules")
  return Object.fromEntries(entries.map(([name, given]) => [name, schedule(owner, name, given)]))
}

/** Validates the given fields. Throws a `RangeError` that names an invalid field. */
export const changeOf = (owner: string, given: Autoscaling): Change => {
  const { maxReplicaCount: max, minReplicaCount: min, ...policy } = given
  const bounds = Object.entries({
    minReplicaCount: min === undefined ? undefined : replicas(owner, "minReplicaCount", min),
    maxReplicaCount: max === undefined ? undefined : replicas(owner, "maxReplicaCount", max)
  }).filter(isGiven)
  if ((max ?? Infinity) < (min ?? 0)) {
    refuse(owner, "maxReplicaCount", max, `at least minReplicaCount, ${min}`)
  }
  const window = (
    option: "scaleUpWindow" | "scaleDownWindow" | "scaleToZeroWindow",
    limits: Parameters<typeof seconds>[3]
  ) => (policy[option] === undefined ? undefined : seconds(owner, option, policy[option], limits))
  const parts = Object.entries({
    scaleUpWindow: window("scaleUpWindow", { max: hour }),
    scaleDownWindow: window("scaleDownWindow", { max: hour }),
    scaleToZeroWindow: window("scaleToZeroWindow", { min: 5 * minute }),
    loadTargets: policy.loadTargets && loadTargets(owner, policy.loadTargets),
    scalingSchedules: policy.scalingSchedules && scalingSchedules(owner, policy.scalingSchedules)
  }).filter(isGiven)
  // the API reads an empty mask as all fields, so an empty body would reset all of them
  if (bounds.length + parts.length === 0) refuse(owner, "autoscaling", "empty", "an object with at least one field")
  return {
    mask: [...bounds.map(([name]) => snake(name)), ...parts.map(([name]) => `autoscaling_policy.${snake(name)}`)].join(
      ","
    ),
    body: {
      ...Object.fromEntries(bounds),
      ...(parts.length > 0 && { autoscalingPolicy: Object.fromEntries(parts) })
    }
  }
}
