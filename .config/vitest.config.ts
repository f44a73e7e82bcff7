import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const root = fileURLToPath(new URL("..", import.meta.url))

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
      tsconfig: "./tsconfig.json"
    },
    // only what hangs is to be stopped: on a busy machine all takes its time
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // much of the time is spent waiting: for sockets, and for the tools
    maxWorkers: 2,
    minWorkers: 1
  }
})
