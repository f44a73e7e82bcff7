import { mergeConfig } from "vitest/config"
import config from "./vitest.config.js"

/** Only the tests that `mutation.ts` names: those without sockets, tools and the compiler. */
export default mergeConfig(
  { ...config, test: { ...config.test, include: [] } },
  {
    test: {
      include: (process.env["MUTATION_TESTS"] ?? "").split(","),
      setupFiles: [".config/mutation.setup.ts"],
      typecheck: { enabled: false }
    }
  }
)
