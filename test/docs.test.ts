import { Effect } from "effect"
import { FireworksServer } from "effect-reliability/testing"
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import ts from "typescript"
import { beforeAll, describe, expect, it } from "vitest"
import { commentsOf, faultsIn, passagesOf, startsWithVerb, titlesOf } from "./support/prose.js"
import { compile, filesBelow, manifest, publicModules, read, root, run, sources } from "./support/project.js"

// --- Examples: every `ts` fence of the docs and of the comments is compiled and run --------------------------------

const cache = ".cache/docs"

interface Example {
  readonly title: string
  readonly path: string
  readonly code: string
}

/** Returns the fences of a file, padded with blank lines so that each line keeps its number. */
const examplesOf = (file: string): ReadonlyArray<Example> => {
  const lines = read(file)
    .split("\n")
    .map((line) => (file.endsWith(".md") ? line : (/^\s*\* ?(.*)$/.exec(line)?.[1] ?? "")))
  const fences = [...lines.keys()].filter((index) => /^\s*```(ts|typescript|tsx)\b/.test(lines[index] ?? ""))
  return fences.map((start) => {
    const end = lines.findIndex((line, index) => index > start && /^\s*```\s*$/.test(line))
    const title = `${file}:${start + 1}`
    const code = lines
      .slice(start + 1, end)
      .join("\n")
      .replaceAll("*\\/", "*/")
    return { title, path: `${cache}/${file}.${start + 1}.ts`, code: `// ${title}${"\n".repeat(start + 1)}${code}\n` }
  })
}

const documents = ["README.md", ...filesBelow(".github").map((file) => `.github/${file}`)].filter(
  (file) => file.endsWith(".md") && existsSync(root + file)
)
const examples = [...documents, ...sources.map((file) => `src/${file}`)].flatMap(examplesOf)

const compilerOptions = { moduleDetection: "force" }

/** Returns the errors of the compiler and of Effect's diagnostics for each example. `tools.test.ts` checks all other files. */
const compileAll = async (): Promise<ReadonlyMap<string, string>> => {
  const project = { path: `${cache}/tsconfig.json`, effect: true, but: `^(?!.*/${cache}/)` }
  const [faults = []] = await compile({ compiler: "typescript", projects: [project] })
  const errors = new Map<string, string>()
  for (const fault of faults.filter((fault) => !/^\S+: warning /.test(fault))) {
    // an error without a file belongs to all of them
    const [, path] = /^(\S+)\(\d+,\d+\): /.exec(fault) ?? []
    for (const of of path === undefined ? examples.map((example) => example.path) : [path]) {
      errors.set(of, `${errors.get(of) ?? ""}${fault.replace(`${cache}/`, "")}\n`)
    }
  }
  return errors
}

/** Returns the failure of each example that ran, or null if it succeeded. */
const runAll = async (): Promise<ReadonlyMap<string, string | null>> => {
  const report = `${cache}/report.jsonl`
  const paths = examples.map((example) => example.path)
  // the quick starts call the API that the environment names
  await Effect.flatMap(FireworksServer.make(), ({ key, origin }) =>
    Effect.promise(() =>
      run(process.execPath, ["--import", "tsx", "test/support/runExamples.ts", report, ...paths], root, {
        FIREWORKS_API_KEY: key,
        FIREWORKS_BASE_URL: origin
      })
    )
  ).pipe(Effect.scoped, Effect.runPromise)
  const lines = read(report).trim().split("\n")
  return new Map([
    ...paths.map((path) => [path, "it was not run, since an example before it never ended"] as const),
    ...lines.map((line) => JSON.parse(line) as [string, string | null])
  ])
}

describe("an example of the docs", () => {
  beforeAll(() => {
    rmSync(root + cache, { recursive: true, force: true })
    for (const { path, code } of examples) {
      mkdirSync(dirname(root + path), { recursive: true })
      writeFileSync(root + path, code)
    }
    const files = examples.map((example) => example.path.slice(cache.length + 1))
    const tsconfig = { extends: "../../tsconfig.json", compilerOptions, include: [], files }
    writeFileSync(`${root}${cache}/tsconfig.json`, JSON.stringify(tsconfig))
  })

  // separate groups, because another version of Node runs the examples but does not compile them again
  describe.concurrent("compilation", () => {
    let compiled: ReadonlyMap<string, string>
    beforeAll(async () => void (compiled = await compileAll()))

    for (const { title, path } of examples) {
      it(`compiles ${title}`, () => expect(compiled.get(path), "the compiler's errors").toBeUndefined())
    }
  })

  describe.concurrent("execution", () => {
    let ran: ReadonlyMap<string, string | null>
    beforeAll(async () => void (ran = await runAll()))

    for (const { title, path } of examples) {
      it(`runs ${title}`, () => expect(ran.get(path), "what went wrong").toBeNull())
    }
  })
})

// --- Comments: every export has a description, a version and a category ---------------------------------------------

const categories = [
  "model",
  "errors",
  "schemas",
  "constructors",
  "combinators",
  "layers",
  "guards",
  "getters",
  "conversions",
  "observers",
  "constants",
  "symbols"
]

/** An index declares nothing itself. */
const modules = publicModules.filter((file) => !file.endsWith("index.ts"))

let program: ts.Program
let checker: ts.TypeChecker

/** Each declaration that the symbol exports, by its full name; of an overloaded function the first. */
const declarationsOf = (exported: ts.Symbol, prefix = ""): ReadonlyArray<readonly [string, ts.Declaration]> => {
  const name = prefix + exported.name
  const written = (symbol: ts.Symbol) =>
    (symbol.declarations ?? []).filter((node) => node.getSourceFile().fileName.startsWith(`${root}src/`))
  const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0
  // `export type { X } from "./internal/…"` is documented where X is declared, and `export { x as y }` where it is renamed
  const isDocumented = written(exported).some((node) => ts.getJSDocCommentsAndTags(node).length > 0)
  const symbol = isAlias && !isDocumented ? checker.getAliasedSymbol(exported) : exported
  const own = written(symbol)
  const first = own.findIndex(ts.isFunctionDeclaration)
  const members = own.some(ts.isModuleDeclaration) ? checker.getExportsOfModule(symbol) : []
  return [
    ...own
      .filter((node, index) => !ts.isFunctionDeclaration(node) || index === first)
      .map((node) => [name, node] as const),
    ...members.flatMap((member) => declarationsOf(member, `${name}.`))
  ]
}

const isAbove = (version: string, limit: string): boolean => version.localeCompare(limit, "en", { numeric: true }) > 0

const faultsOf = (node: ts.Node): ReadonlyArray<string> => {
  const comment = ts.getJSDocCommentsAndTags(node).findLast(ts.isJSDoc)
  if (comment === undefined) return ["has no comment"]
  const tag = (name: string) =>
    (comment.tags ?? [])
      .filter((tag) => tag.tagName.text === name)
      .map((tag) => ts.getTextOfJSDocComment(tag.comment)?.trim() ?? "")
  const faults: Array<string> = []
  const [since = "", ...more] = tag("since")
  const [category = ""] = tag("category")
  const [sentence = ""] = (ts.getTextOfJSDocComment(comment.comment) ?? "").split("\n\n")
  if (comment.tags?.some((tag) => tag.tagName.text === "internal")) return []
  if (!/^[A-Z`].*[.:?]$/s.test(sentence)) faults.push("does not begin with a sentence")
  if (!/^\d+\.\d+\.\d+$/.test(since) || more.length > 0) faults.push("needs one `@since` with a version")
  else if (isAbove(since, manifest.version)) faults.push(`is since ${since}, but this is ${manifest.version}`)
  if (tag("category").length !== 1 || !categories.includes(category)) {
    faults.push(`needs one \`@category\` of: ${categories.join(", ")}`)
  }
  if (["constructors", "combinators"].includes(category) && !comment.getText().includes("```ts")) {
    faults.push("needs an example in a ```ts fence")
  }
  return faults
}

describe("the doc comments of a module", () => {
  beforeAll(() => {
    program = ts.createProgram(
      modules.map((file) => `${root}src/${file}`),
      ts.parseJsonConfigFileContent(
        ts.readConfigFile(`${root}tsconfig.json`, (path) => ts.sys.readFile(path)).config,
        ts.sys,
        root
      ).options
    )
    checker = program.getTypeChecker()
  })

  for (const file of modules) {
    it(`describes every export of ${file}`, () => {
      const source = program.getSourceFile(`${root}src/${file}`)
      const module = source && checker.getSymbolAtLocation(source)
      const faults = (module ? checker.getExportsOfModule(module) : [])
        .flatMap((exported) => declarationsOf(exported))
        .flatMap(([name, node]) => faultsOf(node).map((fault) => `${name} ${fault}`))
      if (!/^\/\*\*\n \* [A-Z`]/.test(read(`src/${file}`)))
        faults.unshift("the file begins without a comment on itself")
      expect(faults, "what the comments lack").toEqual([])
    })
  }
})

// --- Prose: the mechanical part of the style guide -------------------------------------------------------------------

/** Texts that the rules misjudge, each with the reason. */
const misjudged: ReadonlyArray<readonly [file: string, fault: RegExp]> = []

describe("the prose", () => {
  const pages = documents.filter((file) => file !== ".github/CHANGELOG.md")
  const passages = [
    ...pages.flatMap((file) => passagesOf(file, read(file))),
    ...sources.flatMap((file) => commentsOf(`src/${file}`, read(`src/${file}`)))
  ]

  it("follows the style guide in comments and pages", () => {
    const faults = passages.flatMap((passage) =>
      faultsIn(passage)
        .filter((fault) => !misjudged.some(([file, pattern]) => file === passage.file && pattern.test(fault)))
        .map((fault) => `${passage.file}:${passage.line} ${fault}`)
    )
    expect(faults).toEqual([])
  })

  it("finds a fault of each kind", () => {
    const faulty = [
      "Whether the call may go.",
      "The URL is none.",
      "Somebody waits.",
      "The observer is told.",
      "Reads the answer of the server.",
      "Makes a second try.",
      `Counts ${"many ".repeat(30)}words.`
    ]
    for (const text of faulty) expect(faultsIn({ file: "", line: 1, text, isDoc: true }), text).toHaveLength(1)
    expect(faultsIn({ file: "", line: 1, text: "Returns the response.", isDoc: true })).toEqual([])
  })
})

describe("the titles of tests", () => {
  const files = filesBelow("test").filter((file) => file.endsWith(".test.ts") || file.endsWith(".test-d.ts"))

  it("starts with a verb in the third person", () => {
    const faults = files.flatMap((file) =>
      titlesOf(read(`test/${file}`))
        .filter((title) => !startsWithVerb(title))
        .map((title) => `test/${file}: ${title}`)
    )
    expect(faults).toEqual([])
  })
})
