import { describe, it } from "vitest"
import { run } from "./support/project.js"

const checks = [
  { title: "is formatted", script: "format:check", mend: "`npm run format` writes the format" },
  { title: "has no lint", script: "lint", mend: "`npm run lint -- --fix` mends what can be mended by itself" },
  { title: "type-checks", script: "typecheck", mend: "`npm run typecheck` shows this list again" },
  { title: "leaves no Effect floating", script: "lint:effect", mend: "`npm run lint:effect` shows this list again" }
]

describe.concurrent("the project", () => {
  for (const { title, script, mend } of checks) {
    it(title, async () =>
      run("npm", ["run", "--silent", script]).catch((error: Error) => {
        throw new Error(`${mend}\n\n${error.message}`)
      })
    )
  }
})
