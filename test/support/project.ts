/** The folders and public modules of this package, and functions that run tools on it. */
import { execFile } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Order } from "./compile.js"

export const root = fileURLToPath(new URL("../../", import.meta.url))

export const read = (path: string): string => readFileSync(root + path, "utf8")

const below = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length + 1))
    .toSorted()

/** Returns all files below a folder of the project, as sorted paths relative to that folder. */
export const filesBelow = (folder: string): ReadonlyArray<string> => below(root + folder)

/** Returns the declaration files below an absolute folder. */
export const declarationsBelow = (folder: string): ReadonlyArray<string> =>
  below(folder).filter((file) => file.endsWith(".d.ts"))

export const sources = filesBelow("src")

/** The modules that users can import: `index.ts`, `Retry.ts`, `node/Transport.ts`, … */
export const publicModules = sources.filter((file) => !/(^|\/)internal\//.test(file))

/** Returns the subpath under which users import a public module. */
export const subpath = (file: string): string =>
  file === "EventStream.ts" ? "./stream" : `./${file}`.replace(/(\/index)?\.ts$/, "")

interface Manifest {
  readonly name: string
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

export const manifest = JSON.parse(read("package.json")) as Manifest

/** Runs a command, by default in the project's root. Returns its output, or rejects with the output if the command fails. */
export const run = async (
  command: string,
  args: ReadonlyArray<string>,
  cwd = root,
  variables: Readonly<Record<string, string>> = {}
): Promise<string> =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, ...variables, NO_COLOR: "1", FORCE_COLOR: undefined, NODE_OPTIONS: undefined }
    execFile(command, args, { cwd, env, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`${command} ${args.join(" ")}\n\n${stdout}${stderr}`))
    })
  })

/** Returns the path of a tool of the development dependencies. */
export const tool = (name: string): string => `${root}node_modules/.bin/${name}`

/** Returns a compiler's messages for each of the projects. */
export const compile = async (order: Order): Promise<ReadonlyArray<ReadonlyArray<string>>> =>
  JSON.parse(
    await run(process.execPath, ["--import", "tsx", "test/support/compile.ts", JSON.stringify(order)])
  ) as ReadonlyArray<ReadonlyArray<string>>
