import { FastCheck } from "effect"
import { beforeEach, inject, type RunnerTestSuite as Suite } from "vitest"

// A mutant is noticed by the first failing case: nothing shrinks. What holds for seconds counts as holding, so that
// vitest's worker goes on answering.
FastCheck.configureGlobal({ endOnFailure: true, interruptAfterTimeLimit: 4000, markInterruptAsFailure: false })

// One thread runs all mutants, and keeps what it imported, which takes longer than most tests. Only a mutant of what is
// evaluated on import has the modules evaluated anew, and so has the one after it.
interface Stryker {
  activeMutant?: unknown
  hitCount?: number
  mutantCoverage?: unknown
  anew?: boolean
}
interface Worker {
  readonly moduleCache: Map<string, unknown> & { readonly invalidateModule: (module: unknown) => void }
}
// what Stryker and vitest keep there for themselves
const { __stryker__: stryker, __vitest_worker__: worker } = globalThis as unknown as {
  readonly __stryker__: Stryker
  readonly __vitest_worker__: Worker
}
// else, what a mutant that looped has counted ends all mutants of what is evaluated on import after it
stryker.hitCount = 0
const isStatic = inject("mutantActivation" as never) === "static"
if (!isStatic) stryker.activeMutant = undefined
if (inject("mode" as never) === "dry-run") {
  stryker.mutantCoverage = undefined
  stryker.anew = true
}
if (isStatic || stryker.anew === true) {
  for (const [path, module] of worker.moduleCache) {
    if (!path.includes("/node_modules/")) worker.moduleCache.invalidateModule(module)
  }
}
stryker.anew = isStatic || inject("mode" as never) === "dry-run"

// Of a file that has more, the groups that `mutation.ts` names
const groups = (process.env["MUTATION_GROUPS"] ?? "").split("|").filter((group) => group !== "")
const outermost = (suite: Suite | undefined): string =>
  suite?.suite === undefined ? (suite?.name ?? "") : outermost(suite.suite)
beforeEach(({ skip, task }) => skip(groups.length > 0 && !groups.includes(outermost(task.suite))))
