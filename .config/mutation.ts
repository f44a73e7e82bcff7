/**
 * Mutation testing, module by module: `npm run mutation`, or `npm run mutation -- RetryHint Retry` for some.
 *
 * Each mutant of a module is run against the module's own tests and those named here, and no others: what all the tests
 * of the house together would catch by chance, the module's own should catch on purpose.
 */
import { spawnSync } from "node:child_process"
import { copyFileSync } from "node:fs"

/** The files of tests, without their endings; after `#` the groups of one that has more, between bars. */
const suites: Readonly<Record<string, ReadonlyArray<string>>> = {
  RetryHint: ["RetryHint"],
  RetryBudget: ["RetryBudget"],
  "internal/retryBudget/tokens": ["RetryBudget"],
  "internal/rateLimiter/machine": ["RateLimiter/lanes"],
  "internal/rateLimiter/lane": ["RateLimiter/lanes"],
  "internal/dialect/limitHeaders": ["RateLimiter/calls#limit headers"],
  Deadline: ["Deadline", "Workload"],
  Retry: ["Retry"],
  Workload: ["Workload"],
  Dialect: ["Dialect"],
  Classify: ["Classify/answer", "Classify/exception"],
  ApiError: ["ApiError"],
  "internal/http/headers": ["RetryHint", "Classify/answer", "Classify/exception"],
  "internal/options": ["Workload", "RetryBudget"],
  "internal/redact": ["Classify/redaction#internal/redact"],
  "internal/errors": ["Classify/exception#Classify.exception", "Classify/redaction#internal/errors"],
  "internal/classify/errorBody": ["Classify/answer"],
  "internal/accounting/reconcile": ["Accounting/reconcile"],
  "internal/telemetry/prometheusText": ["Telemetry/prometheus#Telemetry.prometheusOf"],
  "fireworks/internal/deployments/autoscaling": ["fireworks/Deployments/calls#setAutoscaling"],
  "fireworks/internal/prometheus": ["fireworks/ServerMetrics#parseRates|Prometheus parse"],
  "fireworks/internal/deployments/scaling": [
    "fireworks/Deployments/scaling#Scaling.afterCapacity|Scaling.afterLook|Scaling decisions"
  ],
  "fireworks/internal/jobs/trainerStates": ["fireworks/TrainerJobs/waits#the optimizer's state"]
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in suites))
if (unknown.length > 0) throw new RangeError(`no such module: ${unknown.join(", ")}; see .config/mutation.ts`)

for (const [name, tests] of Object.entries(suites)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const named = tests.map((test) => test.split("#"))
  const { status } = spawnSync("stryker", ["run", ".config/stryker.json", "--mutate", `src/${name}.ts`], {
    stdio: "inherit",
    env: {
      ...process.env,
      MUTATION_TESTS: named.map(([file]) => `test/${file}.test.ts`).join(","),
      MUTATION_GROUPS: named.flatMap(([, groups]) => groups ?? []).join("|")
    }
  })
  if (status === 0) copyFileSync(".cache/mutation.json", `.cache/mutation-${name.replaceAll("/", "-")}.json`)
  else process.exitCode = 1
}
