import { counting } from "./accounting.js"
import { breakerCosts } from "./breaker.js"
import { classify } from "./classify.js"
import { errors } from "./errors.js"
import { fallback, fallbackCosts } from "./fallback.js"
import { foreign } from "./foreign.js"
import { type Comparison, compare } from "./harness.js"
import { hedge } from "./hedge.js"
import { http } from "./http.js"
import { imports } from "./imports.js"
import { limiterCosts } from "./limiter.js"
import { protect } from "./protect.js"
import { redisCosts } from "./redis.js"
import { simulatorCosts } from "./simulator.js"
import { stream } from "./stream.js"
import { telemetry } from "./telemetry.js"
import { traffic } from "./traffic.js"

const rows: Array<Awaited<ReturnType<typeof compare>>> = []

const measure = async (comparisons: ReadonlyArray<Comparison>) => {
  for (const comparison of comparisons) rows.push(await compare(comparison))
}

await measure(imports)
await measure(protect)
await hedge(measure)
await measure(counting)
await measure(telemetry)
await measure(errors)
await classify(measure)
await http(measure)
await foreign(measure)
await measure(fallback)
await stream(measure)

console.table(rows)
console.table(await limiterCosts())
console.table(await fallbackCosts())
console.table(await breakerCosts())
console.table(await redisCosts())
console.table(await simulatorCosts())
console.table(await traffic())
