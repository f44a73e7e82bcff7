/**
 * Mutation testing, module by module: `npm run mutation`, or `npm run mutation -- RetryHint Retry` for some.
 *
 * Each mutant of a module is run against the module's own tests and those named here, and no others: what all the tests
 * of the house together would catch by chance, the module's own should catch on purpose.
 */
import { spawnSync } from "node:child_process"
import { copyFileSync } from "node:fs"

const suites: Readonly<Record<string, ReadonlyArray<string>>> = {
  RetryHint: ["RetryHint"],
  RetryBudget: ["RetryBudget"],
  Deadline: ["Deadline", "Workload"],
  Retry: ["Retry"],
  Workload: ["Workload"],
  Dialect: ["Dialect", "Classify"],
  Classify: ["Classify", "exceptions"],
  ApiError: ["ApiError"],
  "internal/headers": ["RetryHint", "Classify"],
  "internal/options": ["RetryBudget", "Retry", "Workload"],
  "internal/redact": ["Classify", "exceptions"],
  "internal/answerBody": ["Classify"]
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in suites))
if (unknown.length > 0) throw new RangeError(`no such module: ${unknown.join(", ")}; see .config/mutation.ts`)

for (const [name, tests] of Object.entries(suites)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const { status } = spawnSync("stryker", ["run", ".config/stryker.json", "--mutate", `src/${name}.ts`], {
    stdio: "inherit",
    env: { ...process.env, MUTATION_TESTS: tests.map((test) => `test/${test}.test.ts`).join(",") }
  })
  if (status === 0) copyFileSync(".cache/mutation.json", `.cache/mutation-${name.replace("/", "-")}.json`)
  else process.exitCode = 1
}
