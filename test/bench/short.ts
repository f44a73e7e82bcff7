import { type Comparison, compare } from "./harness.js"
import { http } from "./http.js"
import { protect } from "./protect.js"
const rows: Array<Awaited<ReturnType<typeof compare>>> = []
const measure = async (comparisons: ReadonlyArray<Comparison>) => {
  for (const comparison of comparisons) rows.push(await compare(comparison))
}
await measure(protect)
await http(measure)
console.table(rows, ["subject", "rival", "unit", "share", "spread", "bound", "held"])
