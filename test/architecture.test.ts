import { build } from "esbuild"
import ts from "typescript"
import { describe, expect, it } from "vitest"
import { filesBelow, manifest, publicModules, read, root, run, sources, subpath } from "./support/project.js"

/**
 * Who may import whom; `internal` may also know the types of modules. `part` is the internals of one module,
 * `internal/job/` of `Job` for one: they may import the modules below it, as it may. An index is imported by nobody.
 */
const mayImport: Readonly<Record<string, ReadonlyArray<string>>> = {
  index: ["module"],
  module: ["module", "internal", "part"],
  internal: ["internal", "part"],
  part: ["module", "internal", "part"],
  fireworks: ["fireworks", "module", "internal", "part"],
  node: ["node", "module", "internal", "part"],
  testing: ["testing", "module", "internal", "part"],
  cli: ["cli", "fireworks", "node", "testing", "module", "internal", "part"]
}

const isPart = (file: string): boolean =>
  sources.some((module) => file.startsWith(`internal/${module[0]?.toLowerCase()}${module.slice(1, -3)}/`))

/** The packages that may be imported: by everything, and besides by what brings them as its own. */
const packages = /^(effect|@effect\/platform)(\/|$)/
const packagesOf: Readonly<Record<string, RegExp>> = {
  "EventStream.ts": /^eventsource-parser(\/|$)/,
  node: /^(node:.*|undici(\/lib\/.*)?|@effect\/platform-node(\/.*)?)$/,
  testing: /^node:/,
  cli: /^(node:.*|(@effect\/cli|@effect\/platform-node)(\/.*)?)$/
}

const layerOf = (file: string): string => {
  if (file === "index.ts") return "index"
  if (isPart(file)) return "part"
  return file.includes("/") ? file.slice(0, file.indexOf("/")) : "module"
}

interface Import {
  readonly from: string
  readonly to: string
  readonly typeOnly: boolean
}

const parse = (file: string): ts.SourceFile => ts.createSourceFile(file, read(`src/${file}`), ts.ScriptTarget.Latest)

const imports: ReadonlyArray<Import> = sources.flatMap((from) =>
  parse(from).statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return []
    if (!statement.moduleSpecifier || !ts.isStringLiteral(statement.moduleSpecifier)) return []
    const name = statement.moduleSpecifier.text
    const to = name.startsWith(".") ? new URL(name, `file:///${from}`).pathname.slice(1).replace(/\.js$/, ".ts") : name
    const typeOnly = ts.isExportDeclaration(statement)
      ? statement.isTypeOnly
      : statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    return [{ from, to, typeOnly }]
  })
)

describe("imports", () => {
  it("go from the index to modules to internal, and never back", () => {
    const backwards = imports
      .filter(({ to }) => to.endsWith(".ts"))
      .filter(({ from, to, typeOnly }) => {
        const [above, below] = [layerOf(from), layerOf(to)]
        return !mayImport[above]?.includes(below) && !(above === "internal" && below === "module" && typeOnly)
      })
      .map(({ from, to }) => `${from} imports ${to}`)
    expect(backwards, "see `mayImport` at the top of this test").toEqual([])
  })

  it("never lead to an index", () => {
    expect(imports.filter(({ to }) => to.endsWith("index.ts"))).toEqual([])
  })

  it("form no circle, type-only imports included", () => {
    const next = new Map<string, Array<string>>()
    for (const { from, to } of imports) if (to.endsWith(".ts")) next.set(from, [...(next.get(from) ?? []), to])
    const finished = new Set<string>()
    const circles: Array<string> = []
    const visit = (file: string, path: ReadonlyArray<string>): void => {
      if (finished.has(file)) return
      const start = path.indexOf(file)
      if (start >= 0) {
        circles.push([...path.slice(start), file].join(" → "))
        return
      }
      for (const to of next.get(file) ?? []) visit(to, [...path, file])
      finished.add(file)
    }
    for (const file of sources) visit(file, [])
    expect(circles, "share the types by a `model.ts`, which the public module re-exports").toEqual([])
  })

  it("reach each file at the top of internal from two files or more", () => {
    const shared = sources.filter((file) => /^internal\/[^/]+\.ts$/.test(file))
    const users = (file: string) => new Set(imports.filter(({ to }) => to === file).map(({ from }) => from)).size
    expect(
      shared.filter((file) => users(file) < 2),
      "what serves one module belongs in internal/<module>/"
    ).toEqual([])
  })

  it("name only Effect's packages, and those that a folder brings", () => {
    const foreign = imports
      .filter(({ to }) => !to.endsWith(".ts") && !packages.test(to))
      .filter(({ from, to }) => !(packagesOf[from] ?? packagesOf[layerOf(from)])?.test(to))
      .map(({ from, to }) => `${from} imports ${to}`)
    expect(foreign, "see `packagesOf` at the top of this test").toEqual([])
  })

  it("leave out undici's index, which sets the dispatcher of the process", () => {
    expect(imports.filter(({ to, typeOnly }) => to === "undici" && !typeOnly)).toEqual([])
  })

  it("do nothing by themselves", () => {
    const declares = (statement: ts.Statement) =>
      ts.isDeclarationStatement(statement) || ts.isVariableStatement(statement) || ts.isEmptyStatement(statement)
    // but a program
    const programs = new Set(Object.values(manifest.bin).map((path) => path.replace(/^\.\/dist\/(.*)\.js$/, "$1.ts")))
    const silent = sources.filter((file) => !programs.has(file))
    const active = silent.flatMap((file) => {
      const source = parse(file)
      return source.statements
        .filter((statement) => !declares(statement))
        .map((statement) => `${file}: ${statement.getText(source)}`)
    })
    expect(active, "a module only declares; what it does is done by those who call it").toEqual([])
  })
})

/** Bundles a program for browsers; answers which of our files have a part in it. */
const bundle = async (contents: string): Promise<ReadonlyArray<string>> => {
  const { metafile } = await build({
    stdin: { contents, resolveDir: root },
    absWorkingDir: root,
    tsconfig: "tsconfig.json",
    platform: "browser",
    format: "esm",
    bundle: true,
    write: false,
    metafile: true,
    logLevel: "silent"
  })
  return Object.values(metafile.outputs)
    .flatMap((output) => Object.entries(output.inputs))
    .filter(([file, { bytesInOutput }]) => file.startsWith("src/") && bytesInOutput > 0)
    .map(([file]) => file)
    .toSorted()
}

describe("a bundle for browsers", () => {
  it("can hold everything but node, cli and the servers of testing", async () => {
    const modules = publicModules.filter((file) => !/^(node\/|cli\/|testing\/(index|\w+Server)\.ts)/.test(file))
    await bundle(modules.map((file) => `export * from "./src/${file}"`).join("\n"))
  })

  it("holds nothing of a package that is imported and not used", async () => {
    expect(await bundle(`import {} from "${manifest.name}"`)).toEqual([])
  })

  it("holds nothing of modules that are not used", async () => {
    const held = await bundle(`import { RetryHint } from "${manifest.name}"; console.log(RetryHint.parse({}, 0))`)
    expect(held).toEqual(["src/RetryHint.ts", "src/internal/http/headers.ts"])
  })
})

describe("names", () => {
  const repeated = (names: ReadonlyArray<string>) => names.filter((name, index) => names.indexOf(name) !== index)

  it("of files are unique, apart from the model of each family and the index of each folder", () => {
    const names = sources.map((file) => file.slice(file.lastIndexOf("/") + 1))
    expect(repeated(names).filter((name) => name !== "model.ts" && name !== "index.ts")).toEqual([])
  })

  it("of exported classes are unique", () => {
    const classes = sources.flatMap((file) =>
      parse(file).statements.flatMap((statement) =>
        ts.isClassDeclaration(statement) &&
        statement.name !== undefined &&
        statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true
          ? [statement.name.text]
          : []
      )
    )
    expect(repeated(classes)).toEqual([])
  })
})

describe("the package", () => {
  /** Entry points of their own, because they bring a dependency. */
  const apart = new Set(["EventStream.ts"])
  const modules = publicModules.filter((file) => !file.endsWith("index.ts"))

  it("has an index of all modules, in alphabetical order", () => {
    const indexed = modules.filter((file) => !file.includes("/") && !apart.has(file))
    const lines = indexed.map((file) => file.slice(0, -3)).map((name) => `export * as ${name} from "./${name}.js"`)
    expect(read("src/index.ts").match(/^export.*$/gm) ?? []).toEqual(lines)
  })

  it("exports its public modules, and nothing else", () => {
    const targets = publicModules.map((file) => [subpath(file), `./dist/${file.replace(/\.ts$/, ".js")}`] as const)
    const ordered = targets.toSorted(([a], [b]) => (a < b ? -1 : 1))
    const expected = Object.fromEntries([...ordered, ["./package.json", "./package.json"]])
    expect(JSON.stringify(manifest.exports, null, 2), "`exports` in package.json").toBe(
      JSON.stringify(expected, null, 2)
    )
  })

  it("has a picture of the house with all modules in it", () => {
    const picture = read(".github/CONTRIBUTING.md")
    const names = modules.map((file) => file.replace(/\.ts$/, "")).filter((name) => !name.includes("/"))
    expect(
      names.filter((name) => !picture.includes(`\`${name}\``)),
      "missing in .github/CONTRIBUTING.md"
    ).toEqual([])
  })

  it("has tests of each module, and of nothing unknown", () => {
    const others = [
      "api",
      "architecture",
      "cli/Lab",
      "composition",
      "conformance",
      "docs",
      "examples",
      "exceptions",
      "idempotency",
      "interruption",
      "package",
      "reference",
      "sockets",
      "tools"
    ]
    const named = new Set([...modules.map((file) => file.replace(/\.ts$/, "")), ...others])
    const tests = filesBelow("test")
      .filter((file) => file.endsWith(".test.ts") && !file.startsWith("regressions/"))
      .map((file) => file.slice(0, -".test.ts".length))
      // of what has many tests, a folder holds a file for each behaviour
      .map((test) => (named.has(test) ? test : test.replace(/\/[^/]+$/, "")))
    expect(
      tests.filter((test) => !named.has(test)),
      "tests of no module"
    ).toEqual([])
    expect(
      modules.filter((file) => !tests.includes(file.replace(/\.ts$/, ""))),
      "modules without a test"
    ).toEqual([])
  })

  it("says truly where `@effect/schema` is now, and which Effect it works with", async () => {
    const readme = read("README.md")
    const mapping = [...readme.matchAll(/`@effect\/schema\/(\w+)` is `(effect\/\w+)`/g)]
    expect(mapping.map(([, name]) => name)).toEqual(["Schema", "ParseResult"])
    for (const [, name = "", specifier = ""] of mapping) {
      const module = (await import(specifier)) as object
      expect(specifier).toBe(`effect/${name}`)
      expect(await import("effect")).toHaveProperty(name)
      expect(Object.keys(module).length).toBeGreaterThan(10)
    }
    const [, effect, platform] = /Effect (3\.\d+) and `@effect\/platform` (0\.\d+)/.exec(readme) ?? []
    expect(manifest.peerDependencies["effect"]).toContain(`^${effect}.`)
    expect(manifest.peerDependencies["@effect/platform"]).toContain(`^${platform}.`)
    expect(sources.filter((file) => read(`src/${file}`).includes("@effect/schema"))).toEqual([])
  })

  it("shows few things at its top level", async () => {
    const files = await run("git", ["-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard"])
    const entries = files.split("\n").map((file) => file.split("/")[0] ?? "")
    const visible = new Set(entries.filter((entry) => entry !== "" && !entry.startsWith(".")))
    expect([...visible].toSorted(), "everything else belongs in a dot-folder, src or test").toEqual(
      ["src", "test", "package.json", "tsconfig.json", "README.md", "package-lock.json", "LICENSE"].toSorted()
    )
  })
})
