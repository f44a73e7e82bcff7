import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

const root = fileURLToPath(new URL("..", import.meta.url))

/** What takes longest: if it began last, all else would be done, and one worker left with it. */
const longest = ["tools", "package", "cli/Lab", "conformance", "interruption/everyPoint", "docs", "Classify/totality"]

class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const place = ({ moduleId }: TestSpecification) => {
      const index = longest.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return index === -1 ? longest.length : index
    }
    // oxlint-disable-next-line unicorn/no-array-sort -- it is the sequencer's own, and leaves the array alone
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => place(a) - place(b))
  }
}

export default defineConfig({
  root,
  cacheDir: ".cache/vite",
  resolve: {
    alias: [
      { find: /^effect-reliability$/, replacement: `${root}src/index.ts` },
      { find: /^effect-reliability\/stream$/, replacement: `${root}src/EventStream.ts` },
      { find: /^effect-reliability\/([a-z]+)$/, replacement: `${root}src/$1/index.ts` },
      { find: /^effect-reliability\/(.*)$/, replacement: `${root}src/$1.ts` }
    ]
  },
  test: {
    include: ["test/**/*.test.ts"],
    typecheck: {
      enabled: true,
      include: ["test/types/**/*.test-d.ts"],
      // the rest is checked by `tools.test.ts`
      tsconfig: ".config/tsconfig.types.json"
    },
    sequence: { sequencer: LongestFirst },
    // only what hangs is to be stopped: on a busy machine all takes its time
    testTimeout: 300_000,
    hookTimeout: 600_000,
    // of which two at most work: much of the time is spent waiting, for sockets and for the tools
    maxWorkers: 3,
    minWorkers: 1
  }
})
