import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { prune } from "./support/apiReport.js"
import { declarationsBelow, filesBelow, publicModules, read, run, tool } from "./support/project.js"

const mend = "If the change is meant, `npm run api` writes it down, and the version says whether it breaks anyone."

describe("the API report", () => {
  const folder = mkdtempSync(`${tmpdir()}/api-`)

  beforeAll(async () => {
    await run(tool("tsc"), ["-p", ".config/tsconfig.api.json", "--outDir", folder])
    prune(folder)
    await run(tool("oxfmt"), ["-c", ".config/oxfmt.json", folder])
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const committed = filesBelow(".api")

  it("contains one file for each public module", () => {
    const reports = publicModules.map((file) => file.replace(/\.ts$/, ".d.ts"))
    expect(committed, mend).toEqual(expect.arrayContaining(reports))
  })

  it("contains one file for each internal file whose types a public signature names", () => {
    expect(committed, mend).toEqual(declarationsBelow(folder))
  })

  for (const report of committed) {
    it(`matches the declarations of ${report}`, () => {
      expect(readFileSync(`${folder}/${report}`, "utf8"), mend).toBe(read(`.api/${report}`))
    })
  }
})
