import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { filesBelow, publicModules, read, run, tool } from "./support/project.js"

const mend = "If the change is meant, `npm run api` writes it down, and the version says whether it breaks anyone."

describe("the API report", () => {
  const folder = mkdtempSync(`${tmpdir()}/api-`)

  beforeAll(async () => {
    await run(tool("tsc"), ["-p", ".config/tsconfig.api.json", "--outDir", folder])
    await run(tool("oxfmt"), ["-c", ".config/oxfmt.json", folder])
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const reports = publicModules.map((file) => file.replace(/\.ts$/, ".d.ts"))
  const committed = filesBelow(".api")

  it("has one file for each public module", () => {
    expect(committed, mend).toEqual(reports.toSorted())
  })

  for (const report of reports.filter((report) => committed.includes(report))) {
    it(`tells what ${report} declares`, () => {
      expect(readFileSync(`${folder}/${report}`, "utf8"), mend).toBe(read(`.api/${report}`))
    })
  }
})
