import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { gzipSync } from "node:zlib"
import { build } from "esbuild"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { compile, manifest, read, root, run, sources, tool } from "./support/project.js"

const folder = mkdtempSync(`${tmpdir()}/${manifest.name}-`)
const tarball = `${folder}/${manifest.name}-${manifest.version}.tgz`

/** The lowest versions that the package says it works with. */
const peers = Object.fromEntries(
  Object.entries(manifest.peerDependencies).map(([name, range]) => [name, range.replace(/^(\^|>=)/, "")])
)

const specifiers = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== "./package.json")
  .map((subpath) => manifest.name + subpath.slice(1))

/** Third-party libraries. */
const theirs = "/node_modules/(?!effect-reliability/)"

/**
 * The compilers of users, and the files that are not checked. The types of effect 3.22 need TypeScript 5.7
 * (`Uint8Array<ArrayBuffer>`): with an older one, only the types of this package are checked. The oldest and the newest of the
 * others check all libraries once, because the module resolution does not change them.
 */
const compilers = [
  { name: "TypeScript 7", version: "7.0.2", but: { NodeNext: undefined, Bundler: theirs } },
  { name: "TypeScript 6", version: undefined, but: { NodeNext: theirs, Bundler: theirs } },
  {
    name: "TypeScript 5.7, the oldest that effect's own types allow",
    version: "5.7.3",
    but: { NodeNext: undefined, Bundler: theirs }
  },
  {
    name: "TypeScript 5.4, all but the libraries of others",
    version: "5.4.5",
    but: { NodeNext: theirs, Bundler: theirs }
  }
] as const

const alias = (version: string) => `typescript-${version}`

const resolutions = ["NodeNext", "Bundler"] as const

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
    noEmit: true
  },
  include: ["*.ts"]
})

const write = (file: string, content: object | string) =>
  writeFileSync(`${folder}/${file}`, typeof content === "string" ? content : JSON.stringify(content))

beforeAll(async () => {
  await run("npm", ["pack", "--silent", "--pack-destination", folder])
  write("package.json", {
    private: true,
    type: "module",
    dependencies: {
      ...peers,
      [manifest.name]: `file:${tarball}`,
      ...Object.fromEntries(
        compilers.flatMap(({ version }) =>
          version === undefined ? [] : [[alias(version), `npm:typescript@${version}`]]
        )
      ),
      "@types/node": manifest.devDependencies["@types/node"]
    }
  })
  write("NodeNext.json", tsconfig("NodeNext", "NodeNext"))
  write("Bundler.json", tsconfig("ESNext", "Bundler"))
  write("counts.ts", counts)
  copyFileSync(`${root}test/support/consumer.ts`, `${folder}/consumer.ts`)
  await run("npm", ["install", "--loglevel=error", "--prefer-offline", "--ignore-scripts", "--no-audit"], folder)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.concurrent("the packed package", () => {
  it("contains exactly the files that users need", async () => {
    const files = (await run("tar", ["-tf", tarball])).trim().split("\n")
    expect(files.filter((file) => !/^package\/(src\/|dist\/|(package\.json|README\.md|LICENSE)$)/.test(file))).toEqual(
      []
    )
    expect(files.filter((file) => /\/\.|\.test\.|\/test\//.test(file))).toEqual([])
    expect(files).toContain("package/dist/index.js")
    expect(files).toContain("package/README.md")
  })

  it("names one repository in the form that npm's provenance requires", async () => {
    const packed = JSON.parse(await run("tar", ["-xOf", tarball, "package/package.json"])) as Record<string, unknown>
    const repository = `https://github.com/${manifest.name}/${manifest.name}`
    expect(packed).toMatchObject({
      publishConfig: { access: "public", provenance: true },
      repository: { type: "git", url: `git+${repository}.git` },
      bugs: { url: `${repository}/issues` },
      homepage: `${repository}#readme`
    })
    // the release workflow uses the same repository
    expect(read(".github/workflows/release.yml")).toContain("git+https://github.com/$GITHUB_REPOSITORY.git")
  })

  it("passes publint", async () => {
    await run(tool("publint"), ["run", tarball, "--strict"])
  })

  it("provides types at every entry point", async () => {
    await run(tool("attw"), [tarball, "--profile", "esm-only", "--no-definitely-typed", "--no-emoji"])
  })

  it("runs in a consumer's program and exports values at every entry point", async () => {
    const entryPoints = ["consumer.ts", "counts.ts"]
    await build({ absWorkingDir: folder, entryPoints, outdir: "out", format: "esm", logLevel: "silent" })
    await run(process.execPath, ["out/consumer.js"], folder)
    const exported = JSON.parse(await run(process.execPath, ["out/counts.js"], folder)) as Record<string, number>
    expect(Object.keys(exported)).toEqual(specifiers)
    expect(Object.entries(exported).filter(([, count]) => count === 0)).toEqual([])
  })

  it("covers each entry point in the consumer's program", () => {
    const program = read("test/support/consumer.ts")
    expect(
      specifiers.filter((name) => !program.includes(`from "${name}"`)),
      "missing in test/support/consumer.ts"
    ).toEqual([])
  })

  it("hides the internal modules", async () => {
    const file = sources.find((source) => source.startsWith("internal/"))?.replace(/\.ts$/, "")
    const program = `import("${manifest.name}/${file}")`
    await expect(run(process.execPath, ["-e", program], folder)).rejects.toThrow("ERR_PACKAGE_PATH_NOT_EXPORTED")
  })
})

describe.concurrent("types of the packed package", () => {
  for (const { name, version, but } of compilers) {
    describe(`with ${name}`, () => {
      let faults: ReadonlyArray<ReadonlyArray<string>>
      beforeAll(async () => {
        const compiler = version === undefined ? "typescript" : `${folder}/node_modules/${alias(version)}`
        const projects = resolutions.map((by) => ({ path: `${folder}/${by}.json`, but: but[by] }))
        faults = await compile({ compiler, projects })
      })

      for (const [index, by] of resolutions.entries()) {
        it(`contains no errors with module resolution ${by}`, () => expect(faults[index]).toEqual([]))
      }
    })
  }
})

/** Returns the size in bytes, minified and gzipped, without the packages that the user's program contains anyway. */
const downloaded = async (contents: string): Promise<number> => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    absWorkingDir: root,
    tsconfig: "tsconfig.json",
    target: "es2022",
    format: "esm",
    bundle: true,
    minify: true,
    write: false,
    external: ["effect", "effect/*", "@effect/*"]
  })
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length
}

describe("a bundle without effect", () => {
  const importing = (names: string) => `export { ${names} } from "${manifest.name}"`

  // Gzipped: texts of errors 1.9 KB, their classes 2.2, reducing causes and masking 1.3, observers 0.8, limits and retries 4.8, asking
  // a rate limiter and a circuit breaker 1.6, hedges 2.4, costs of
  // attempts 0.2.
  it.each([
    ["Reliability and Workload", "Reliability, Workload", 19_200],
    ["Workload", "Workload", 10_900],
    ["ApiError", "ApiError", 6300],
    ["RetryHint", "RetryHint", 1250]
  ])("stays within the size limit of %s", async (_, names, bytes) => {
    expect(await downloaded(importing(names))).toBeLessThanOrEqual(bytes)
  })
})
