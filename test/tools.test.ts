import { beforeAll, describe, expect, it } from "vitest"
import { compile, run } from "./support/project.js"

const checks = [
  { title: "matches the format of oxfmt", script: "format:check", mend: "`npm run format` writes the format" },
  { title: "passes the linter", script: "lint", mend: "`npm run lint -- --fix` mends what can be mended by itself" }
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

describe.concurrent("the compiled project", () => {
  const isOfEffect = (fault: string) => / effect\(\w+\)$/m.test(fault)
  let faults: ReadonlyArray<string>

  beforeAll(async () => {
    faults = (await compile({ compiler: "typescript", projects: [{ path: "tsconfig.json", effect: true }] })).flat()
  })

  it("contains no type errors", () => {
    const mend = "`npm run typecheck` shows this list again"
    expect(
      faults.filter((fault) => !isOfEffect(fault)),
      mend
    ).toEqual([])
  })

  it("contains no floating Effect", () => {
    expect(faults.filter(isOfEffect), "`npm run lint:effect` shows this list again").toEqual([])
  })
})
