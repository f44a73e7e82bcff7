/**
 * Checks the types of projects, one after another, and prints the compiler's messages for each of them as JSON.
 * Usage: compile.ts '{ "compiler": "typescript", "projects": [{ "path": "tsconfig.json", … }] }'
 */
import { spawnSync } from "node:child_process"
import { createRequire } from "node:module"
import { dirname } from "node:path"
import type TypeScript from "typescript"

export interface Project {
  readonly path: string
  /** If true, the diagnostics of `lint:effect` are included; one program serves both. @default false */
  readonly effect?: boolean
  /** A pattern of the paths of files that are not checked. */
  readonly but?: string | undefined
}

export interface Order {
  /** The name or the path of the compiler's package. */
  readonly compiler: string
  readonly projects: ReadonlyArray<Project>
}

/** The part of `@effect/language-service` for compilers. The package has no types for it. */
type Lint = (
  program: TypeScript.Program,
  options: object,
  extras: { readonly ts: typeof TypeScript; readonly addDiagnostic: (diagnostic: TypeScript.Diagnostic) => void }
) => (context: undefined) => (file: TypeScript.SourceFile) => TypeScript.SourceFile

const plugin = "@effect/language-service"
const require = createRequire(import.meta.url)

const compile = (ts: typeof TypeScript, { but, effect = false, path }: Project): ReadonlyArray<string> => {
  const config = ts.getParsedCommandLineOfConfigFile(path, undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"))
    }
  })
  if (config === undefined) throw new Error(`there is no ${path}`)
  const program = ts.createProgram({
    rootNames: config.fileNames,
    options: config.options,
    configFileParsingDiagnostics: config.errors
  })
  const faults: Array<TypeScript.Diagnostic> = [
    ...program.getConfigFileParsingDiagnostics(),
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics()
  ]
  const others = but === undefined ? undefined : new RegExp(but)
  for (const file of program.getSourceFiles()) {
    if (others?.test(file.fileName)) continue
    faults.push(...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file))
  }
  if (effect) {
    const plugins = (config.options["plugins"] ?? []) as ReadonlyArray<{ readonly name: string }>
    const options = plugins.find(({ name }) => name === plugin)
    if (options === undefined) throw new Error(`${path} has no plugin ${plugin}`)
    const lint = (require(`${plugin}/transform`) as { readonly default: Lint }).default
    const check = lint(program, options, { ts, addDiagnostic: (fault) => faults.push(fault) })(undefined)
    for (const name of config.fileNames) {
      const file = program.getSourceFile(name)
      if (file === undefined) throw new Error(`${name} is not a part of ${path}`)
      check(file)
    }
  }
  const host = {
    getCurrentDirectory: () => ts.sys.getCurrentDirectory(),
    getCanonicalFileName: (name: string) => name,
    getNewLine: () => "\n"
  }
  return ts.sortAndDeduplicateDiagnostics(faults).map((fault) => ts.formatDiagnostic(fault, host).trimEnd())
}

/** Runs a compiler without an API for programs: TypeScript 7, which is a native program. */
const compileNatively = (package_: string, { but, effect = false, path }: Project): ReadonlyArray<string> => {
  if (effect) throw new Error("the diagnostics of Effect need a compiler with an API")
  const args = [`${package_}/bin/tsc`, "--project", path, "--noEmit", "--pretty", "false"]
  const { status, stderr, stdout } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    maxBuffer: 1e8,
    cwd: dirname(path)
  })
  // the lines of a message after the first are indented
  const faults = stdout
    .split(/\n(?=\S)/)
    .map((fault) => fault.trimEnd())
    .filter((fault) => fault !== "")
  if (status !== 0 && faults.length === 0) throw new Error(`${package_} ended with ${status}\n${stderr}`)
  const others = but === undefined ? undefined : new RegExp(but)
  return faults.filter((fault) => !(others?.test(`${dirname(path)}/${fault}`) ?? false))
}

const { compiler, projects } = JSON.parse(process.argv[2] ?? "") as Order
const isNative = (require(`${compiler}/package.json`) as { readonly version: string }).version.startsWith("7.")
const check = isNative
  ? (project: Project) => compileNatively(compiler, project)
  : (project: Project) => compile(require(`${compiler}/lib/typescript.js`) as typeof TypeScript, project)
process.stdout.write(JSON.stringify(projects.map(check)))
