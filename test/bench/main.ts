import { classify } from "./classify.js"
import { compare } from "./harness.js"

const rows: Array<Record<string, string>> = []

await classify(async (comparisons) => {
  rows.push(...(await compare(comparisons)))
})

console.table(rows)
