import { classify } from "./classify.js"
import { type Comparison, compare } from "./harness.js"
import { http } from "./http.js"
import { protect } from "./protect.js"
import { stream } from "./stream.js"

const rows: Array<Awaited<ReturnType<typeof compare>>> = []

const measure = async (comparisons: ReadonlyArray<Comparison>) => {
  for (const comparison of comparisons) rows.push(await compare(comparison))
}

await measure(protect)
await classify(measure)
await http(measure)
await stream(measure)

console.table(rows)
