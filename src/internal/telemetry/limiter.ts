/**
 * Records the state of rate limiters in metrics.
 *
 * @since 0.2.0
 */
import type { KeyDescription } from "../rateLimiter/engine.js"
import { names } from "./names.js"
import { metricOf } from "./subjects.js"

const mostKeys = 100

interface Labels {
  readonly key: string
  readonly brake?: string
}

type Counter = "limiterWaits" | "limiterWaitTime" | "limiterRefusals"

/** Returns a function that sets the gauges of a limiter, and adds to its counters what was counted since the previous run. */
export const limiterObserver = (describe: () => ReadonlyArray<KeyDescription>): (() => void) => {
  const counted = new Map<string, number>()
  const count = (of: Counter, attributes: Labels, total: number): void => {
    const id = `${of} ${attributes.brake} ${attributes.key}`
    // a key that the limiter forgot in between counts from zero
    const before = counted.get(id) ?? 0
    const added = total < before ? total : total - before
    counted.set(id, total)
    if (added > 0) metricOf(names[of], attributes).unsafeUpdate(added, [])
  }
  return () => {
    for (const { inFlight, key, paces, refused, serverRefusals, waited, waitedMillis, waiting } of describe().slice(
      0,
      mostKeys
    )) {
      metricOf(names.limiterWaiting, { key }).unsafeUpdate(waiting, [])
      metricOf(names.limiterInFlight, { key }).unsafeUpdate(inFlight, [])
      for (const { limitPerSecond, perSecond, resource } of paces) {
        metricOf(names.limiterPace, { key, resource }).unsafeUpdate(perSecond, [])
        if (limitPerSecond === undefined) continue
        metricOf(names.limiterLimit, { key, resource }).unsafeUpdate(limitPerSecond, [])
      }
      count("limiterWaits", { key }, waited)
      count("limiterWaitTime", { key }, waitedMillis / 1000)
      count("limiterRefusals", { key, brake: "server" }, serverRefusals)
      for (const [brake, refusals] of Object.entries(refused)) count("limiterRefusals", { key, brake }, refusals)
    }
  }
}
