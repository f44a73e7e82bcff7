import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { manifest, root, run, sources, tool } from "./support/project.js"

const folder = mkdtempSync(`${tmpdir()}/${manifest.name}-`)
const tarball = `${folder}/${manifest.name}-${manifest.version}.tgz`

/** The lowest versions that the package says it works with. */
const peers = Object.fromEntries(
  Object.entries(manifest.peerDependencies).map(([name, range]) => [name, range.replace(/^\^/, "")])
)

const specifiers = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== "./package.json")
  .map((subpath) => manifest.name + subpath.slice(1))

/** Prints how many values each entry point exports. */
const counts = `${specifiers.map((name, index) => `import * as m${index} from "${name}"`).join("\n")}
console.log(JSON.stringify({
${specifiers.map((name, index) => `  "${name}": Object.keys(m${index}).length`).join(",\n")}
}))
`

const tsconfig = (module: string, moduleResolution: string) => ({
  compilerOptions: {
    target: "ES2022",
    module,
    moduleResolution,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: ["node"],
    outDir: "out"
  },
  include: ["*.ts"]
})

const write = (file: string, content: object | string) =>
  writeFileSync(`${folder}/${file}`, typeof content === "string" ? content : JSON.stringify(content))

describe.concurrent("the packed package", () => {
  beforeAll(async () => {
    await run("npm", ["pack", "--silent", "--pack-destination", folder])
    write("package.json", {
      private: true,
      type: "module",
      dependencies: {
        ...peers,
        [manifest.name]: `file:${tarball}`,
        "@types/node": manifest.devDependencies["@types/node"]
      }
    })
    write("nodenext.json", tsconfig("NodeNext", "NodeNext"))
    write("bundler.json", tsconfig("ESNext", "Bundler"))
    write("counts.ts", counts)
    copyFileSync(`${root}test/support/consumer.ts`, `${folder}/consumer.ts`)
    await run("npm", ["install", "--loglevel=error", "--prefer-offline", "--ignore-scripts", "--no-audit"], folder)
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it("holds what its users need, and nothing else", async () => {
    const files = (await run("tar", ["-tf", tarball])).trim().split("\n")
    expect(files.filter((file) => !/^package\/(src\/|dist\/|(package\.json|README\.md|LICENSE)$)/.test(file))).toEqual(
      []
    )
    expect(files.filter((file) => /\/\.|\.test\.|\/test\//.test(file))).toEqual([])
    expect(files).toContain("package/dist/index.js")
    expect(files).toContain("package/README.md")
  })

  it("is well-formed for every tool that reads packages", async () => {
    await run(tool("publint"), ["run", tarball, "--strict"])
  })

  it("has types wherever it has code", async () => {
    await run(tool("attw"), [tarball, "--profile", "esm-only", "--no-definitely-typed", "--no-emoji"])
  })

  it("type-checks and runs for a user with module resolution NodeNext", async () => {
    await run(tool("tsc"), ["-p", "nodenext.json"], folder)
    await run(process.execPath, ["out/consumer.js"], folder)
    const exported = JSON.parse(await run(process.execPath, ["out/counts.js"], folder)) as Record<string, number>
    expect(Object.keys(exported)).toEqual(specifiers)
    expect(Object.entries(exported).filter(([, count]) => count === 0)).toEqual([])
  })

  it("type-checks for a user with module resolution Bundler", async () => {
    await run(tool("tsc"), ["-p", "bundler.json", "--noEmit"], folder)
  })

  it("keeps internal to itself", async () => {
    const file = sources.find((source) => source.startsWith("internal/"))?.replace(/\.ts$/, "")
    const program = `import("${manifest.name}/${file}")`
    await expect(run(process.execPath, ["-e", program], folder)).rejects.toThrow("ERR_PACKAGE_PATH_NOT_EXPORTED")
  })
})
