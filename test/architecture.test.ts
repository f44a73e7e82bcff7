import { build } from "esbuild"
import ts from "typescript"
import { describe, expect, it } from "vitest"
import { filesBelow, manifest, publicModules, read, root, run, sources, subpath } from "./support/project.js"

/**
 * The layers that each layer may import; `internal` may also import types of modules. `part` is the internals of one
 * module, for example `internal/job/` of `Job`, and may import what that module may import. No file imports an index.
 */
const mayImport: Readonly<Record<string, ReadonlyArray<string>>> = {
  index: ["module"],
  module: ["module", "internal", "part"],
  internal: ["internal", "part"],
  part: ["module", "internal", "part"],
  ai: ["ai", "fireworks", "module", "internal", "part"],
  fireworks: ["fireworks", "module", "internal", "part"],
  node: ["node", "module", "internal", "part"],
  redis: ["redis", "module", "internal", "part"],
  testing: ["testing", "module", "internal", "part"],
  workflow: ["workflow", "fireworks", "module", "internal", "part"],
  cli: ["cli", "fireworks", "node", "testing", "module", "internal", "part"]
}

const isPart = (file: string): boolean =>
  sources.some((module) => file.startsWith(`internal/${module[0]?.toLowerCase()}${module.slice(1, -3)}/`))

/** The packages that every file may import, and those that only some files or folders may import. */
const packages = /^(effect|@effect\/platform)(\/|$)/
const packagesOf: Readonly<Record<string, RegExp>> = {
  "EventStream.ts": /^eventsource-parser(\/|$)/,
  ai: /^@effect\/ai(\/.*)?$/,
  node: /^(node:.*|undici(\/lib\/.*)?|@effect\/platform-node(\/.*)?)$/,
  // the client is given, or imported by `layerConfig` when it connects
  redis: /^node:crypto$/,
  testing: /^node:/,
  workflow: /^@effect\/workflow(\/.*)?$/,
  cli: /^(node:.*|@observablehq\/plot|linkedom|(@effect\/cli|@effect\/platform-node)(\/.*)?)$/
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

describe("a source file", () => {
  it("imports only in the direction index, modules, internal", () => {
    const backwards = imports
      .filter(({ to }) => to.endsWith(".ts"))
      .filter(({ from, to, typeOnly }) => {
        const [above, below] = [layerOf(from), layerOf(to)]
        return !mayImport[above]?.includes(below) && !(above === "internal" && below === "module" && typeOnly)
      })
      .map(({ from, to }) => `${from} imports ${to}`)
    expect(backwards, "see `mayImport` at the top of this test").toEqual([])
  })

  it("does not import an index", () => {
    expect(imports.filter(({ to }) => to.endsWith("index.ts"))).toEqual([])
  })

  it("belongs to no import circle, type-only imports included", () => {
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

  it("serves two files or more if it is at the top of internal", () => {
    const shared = sources.filter((file) => /^internal\/[^/]+\.ts$/.test(file))
    const users = (file: string) => new Set(imports.filter(({ to }) => to === file).map(({ from }) => from)).size
    expect(
      shared.filter((file) => users(file) < 2),
      "what serves one module belongs in internal/<module>/"
    ).toEqual([])
  })

  it("imports only Effect's packages and those allowed for its folder", () => {
    const foreign = imports
      .filter(({ to }) => !to.endsWith(".ts") && !packages.test(to))
      .filter(({ from, to }) => !(packagesOf[from] ?? packagesOf[layerOf(from)])?.test(to))
      .map(({ from, to }) => `${from} imports ${to}`)
    expect(foreign, "see `packagesOf` at the top of this test").toEqual([])
  })

  it("does not import undici's index, which sets the dispatcher of the process", () => {
    expect(imports.filter(({ to, typeOnly }) => to === "undici" && !typeOnly)).toEqual([])
  })

  it("executes nothing when it is imported, unless it is a program", () => {
    const declares = (statement: ts.Statement) =>
      ts.isDeclarationStatement(statement) || ts.isVariableStatement(statement) || ts.isEmptyStatement(statement)
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

/** Bundles a program for browsers and returns which of our files are part of it. */
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

/** What Effect's values have and its types do not show, and what only its internal modules export. */
const privateNames = new Set(
  [
    // of fibers
    "_children _exitValue _fiberRefs _observers addChild getChildren removeChild transferChildren interruptAllChildren",
    "sendInterruptSignalToAllChildren processNewInterruptSignal getInterruptedCause evaluateEffect setExitValue startFork",
    "setFiberRef setFiberRefs unsafeDeleteFiberRef patchRuntimeFlags currentForkScopeOverride globalScope unsafeFork",
    "unsafeForkUnstarted unsafeMakeChildFiber",
    // of effects
    "_op effect_instruction_i0 effect_instruction_i1 effect_instruction_i2",
    // of clients
    "preprocess postprocess"
  ].flatMap((names) => names.split(" "))
)

/** The private parts of Effect that a source names. */
const privateParts = (source: ts.SourceFile): ReadonlyArray<string> => {
  const found: Array<string> = []
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const from = node.moduleSpecifier
      if (from && ts.isStringLiteral(from) && /^@?effect\/.*\binternal\b/.test(from.text)) found.push(from.text)
      if (from) return
    }
    if ((ts.isIdentifier(node) || ts.isStringLiteralLike(node)) && privateNames.has(node.text)) found.push(node.text)
    if (ts.isCallExpression(node)) {
      const [callee, [argument]] = [node.expression.getText(source), node.arguments]
      // a key that Effect registers globally
      const key = callee === "Symbol.for" && argument && ts.isStringLiteralLike(argument) ? argument.text : ""
      if (/^@?effect\//.test(key)) found.push(key)
      // of a fiber
      if (callee.endsWith(".scope") && argument === undefined) found.push("scope()")
      // the map of `FiberRefs` may be shared
      if (/\.locals\.(set|delete|clear)$/.test(callee)) found.push("locals")
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

describe("private parts of Effect", () => {
  const internals = "internal/call/effectInternals.ts"

  it("appears in a single file", () => {
    const named = sources
      .filter((file) => file !== internals)
      .flatMap((file) => privateParts(parse(file)).map((part) => `${file}: ${part}`))
    expect(named, `use Effect's public API, or see ${internals}`).toEqual([])
    expect(privateParts(parse(internals))).toEqual(["effect/SpanAnnotation"])
  })

  it("detects each form of a private name", () => {
    const parts = (text: string) => privateParts(ts.createSourceFile("a.ts", text, ts.ScriptTarget.Latest))
    expect(parts(`(fiber as { readonly scope: () => Scope }).scope().add(flags, child)`)).toEqual(["scope()"])
    expect(parts(`globalValue(Symbol.for("effect/FiberRef/currentForkScopeOverride"), make)`)).toHaveLength(1)
    expect(parts(`fiber.setFiberRef(ref, value)`)).toEqual(["setFiberRef"])
    expect(parts(`const { postprocess } = client as Parts`)).toEqual(["postprocess"])
    expect(parts(`Reflect.get(client, "postprocess")`)).toEqual(["postprocess"])
    expect(parts(`refs.locals.set(ref, [[id, value]])`)).toEqual(["locals"])
    expect(parts(`import * as core from "effect/internal/core"`)).toEqual(["effect/internal/core"])
    expect(parts(`import * as Effect from "effect/Effect"; const scope = yield* Effect.scope`)).toEqual([])
  })
})

describe("a bundle for browsers", () => {
  it("supports everything but node, redis, cli and the servers of testing", async () => {
    const modules = publicModules.filter((file) => !/^(node\/|redis\/|cli\/|testing\/(index|\w+Server)\.ts)/.test(file))
    await bundle(modules.map((file) => `export * from "./src/${file}"`).join("\n"))
  })

  it("contains no code of an unused package", async () => {
    expect(await bundle(`import {} from "${manifest.name}"`)).toEqual([])
  })

  it("contains no code of unused modules", async () => {
    const held = await bundle(`import { RetryHint } from "${manifest.name}"; console.log(RetryHint.parse({}, 0))`)
    expect(held).toEqual(["src/RetryHint.ts", "src/internal/http/headers.ts"])
  })
})

describe("the source tree", () => {
  const repeated = (names: ReadonlyArray<string>) => names.filter((name, index) => names.indexOf(name) !== index)

  it("repeats no file name except model.ts and index.ts", () => {
    const names = sources.map((file) => file.slice(file.lastIndexOf("/") + 1))
    expect(repeated(names).filter((name) => name !== "model.ts" && name !== "index.ts")).toEqual([])
  })

  it("repeats no name of an exported class", () => {
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
  /** Modules with their own entry point, because they need another dependency. */
  const apart = new Set(["EventStream.ts"])
  const modules = publicModules.filter((file) => !file.endsWith("index.ts"))

  it("lists all modules in its index, in alphabetical order", () => {
    const indexed = modules.filter((file) => !file.includes("/") && !apart.has(file))
    const lines = indexed.map((file) => file.slice(0, -3)).map((name) => `export * as ${name} from "./${name}.js"`)
    expect(read("src/index.ts").match(/^export.*$/gm) ?? []).toEqual(lines)
  })

  it("exports exactly its public modules", () => {
    const targets = publicModules.map((file) => [subpath(file), `./dist/${file.replace(/\.ts$/, ".js")}`] as const)
    const ordered = targets.toSorted(([a], [b]) => (a < b ? -1 : 1))
    const expected = Object.fromEntries([...ordered, ["./package.json", "./package.json"]])
    expect(JSON.stringify(manifest.exports, null, 2), "`exports` in package.json").toBe(
      JSON.stringify(expected, null, 2)
    )
  })

  it("mentions every module in CONTRIBUTING.md", () => {
    const picture = read(".github/CONTRIBUTING.md")
    const names = modules.map((file) => file.replace(/\.ts$/, "")).filter((name) => !name.includes("/"))
    expect(
      names.filter((name) => !picture.includes(`\`${name}\``)),
      "missing in .github/CONTRIBUTING.md"
    ).toEqual([])
  })

  it("contains tests of every module and of nothing unknown", () => {
    const others = [
      "api",
      "architecture",
      "cli/Lab",
      "cli/Simulate",
      "composition",
      "conformance",
      "docs",
      "effectInternals",
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
      // a module with many tests has a folder with one file per behaviour
      .map((test) => (named.has(test) ? test : test.replace(/\/[^/]+$/, "")))
    expect(
      // a part of a module's tests has a second name, as in `Module.part.test.ts`
      tests.filter((test) => !named.has(test.replace(/\.\w+$/, ""))),
      "tests of no module"
    ).toEqual([])
    expect(
      modules.filter((file) => !tests.includes(file.replace(/\.ts$/, ""))),
      "modules without a test"
    ).toEqual([])
  })

  it("documents the location of `@effect/schema` and the supported Effect correctly", async () => {
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

  it("contains only the expected entries at its top level", async () => {
    const files = await run("git", ["-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard"])
    const entries = files.split("\n").map((file) => file.split("/")[0] ?? "")
    const visible = new Set(entries.filter((entry) => entry !== "" && !entry.startsWith(".")))
    expect([...visible].toSorted(), "everything else belongs in a dot-folder, src or test").toEqual(
      ["src", "test", "package.json", "tsconfig.json", "README.md", "package-lock.json", "LICENSE"].toSorted()
    )
  })
})
