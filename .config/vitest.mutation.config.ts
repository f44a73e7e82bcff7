import { createRequire } from "node:module"
import { mergeConfig } from "vitest/config"
import type { Reporter } from "vitest/reporters"
import config from "./vitest.config.js"

// vitest ends its thread after each run. One that stays imports Effect once, and not once for each mutant, which is seven
// times as fast; `mutation.setup.ts` takes care of the modules.
const vitest = createRequire(createRequire(import.meta.url).resolve("vitest/package.json"))
// vitest's own copy, whose types it does not hand on
const { Tinypool } = (await import(vitest.resolve("tinypool"))) as {
  readonly Tinypool: { readonly prototype: { recycleWorkers: () => Promise<void> } }
}
Tinypool.prototype.recycleWorkers = () => Promise.resolve()

// Stryker looks at tests only: where a mutant lets no file be collected, none has run, and it would pass for a survivor
const uncollectable: Reporter = {
  // oxlint-disable-next-line typescript/no-deprecated -- what it is handed is what Stryker reads, and its successor hides it
  onFinished: (files) => {
    for (const file of files) {
      // of the file's own: what threw on import or in a group's body; those of its tests are the tests'
      if (file.result?.state !== "fail" || (file.result.errors ?? []).length === 0) continue
      const { meta, result } = file
      const name = "is collected"
      file.tasks.push({
        type: "test",
        id: `${file.id}_0`,
        name,
        mode: "run",
        file,
        meta,
        result,
        annotations: [],
        timeout: 0,
        context: {} as never
      })
    }
  }
}

/** Only the tests that `mutation.ts` names: those without sockets, tools and the compiler. */
export default mergeConfig(
  { ...config, test: { ...config.test, include: [] } },
  {
    test: {
      include: (process.env["MUTATION_TESTS"] ?? "").split(","),
      reporters: [uncollectable],
      setupFiles: [".config/mutation.setup.ts"],
      typecheck: { enabled: false },
      poolOptions: { threads: { isolate: false } },
      // many a mutant waits for ever
      testTimeout: 20_000
    }
  }
)
