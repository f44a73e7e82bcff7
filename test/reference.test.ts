/** The tables of the reference pages are those of the code, and the table of findings has every finding. */
import { describe, expect, it } from "vitest"
import { findings } from "./support/findings.js"
import { read, sources } from "./support/project.js"
import { between, pathOf, tables } from "./support/reference.js"

/** The words of a table, however wide its columns are. */
const words = (text: string): ReadonlyArray<string> =>
  text
    .split("\n")
    .map((line) => line.replaceAll(/-{3,}/g, "---").replaceAll(/\s+/g, " ").trim())
    .filter((line) => line !== "")

describe("a reference page", () => {
  it.each(tables)("shows the table of $page, $name, as the code has it", ({ markdown, name, page }) => {
    const [shown = "no table"] = between(name).exec(read(pathOf(page))) ?? []
    expect(words(shown), "`npm run reference` writes it").toEqual(words(markdown))
  })

  it("lists every finding that the doctor names", () => {
    const code = sources.filter((file) => file.startsWith("cli/internal/doctor/")).map((file) => read(`src/${file}`))
    // `finding("tcp", v6 ? "no-ipv6" : "some-unreachable", …)`, and `finding(name, "reset", …)` of several steps
    const named = code.flatMap((text) =>
      [...text.matchAll(/\b(?:finding|note)\(\s*(\w+|"\w+"),([^,]*),/g)].flatMap(([, step = "", names = ""]) =>
        [...names.matchAll(/"([\w-]+)"/g)].map(([, name]) => `${step.startsWith('"') ? step.slice(1, -1) : ""}.${name}`)
      )
    )
    const listed = findings.map((finding) => finding.code)
    expect(named.length).toBeGreaterThan(30)
    expect(
      named.filter((one) => !listed.some((code) => code.endsWith(one))),
      "add an observation to test/support/findings.ts"
    ).toEqual([])
  })

  it("lists each finding once", () => {
    const codes = findings.map((finding) => finding.code)
    expect(codes).toEqual([...new Set(codes)])
  })
})
