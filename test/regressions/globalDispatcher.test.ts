/**
 * Importing the transport replaced the dispatcher of the whole process by an agent of the `undici` package, which Node's own
 * `fetch` then used.
 */
import { build, type Plugin } from "esbuild"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { manifest, root, run } from "../support/project.js"

let folder = ""

beforeAll(() => {
  // below the root, so that packages that are not bundled resolve
  mkdirSync(`${root}.cache`, { recursive: true })
  folder = mkdtempSync(`${root}.cache/dispatcher-`)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

let programs = 0

/** Bundles a program, runs it in a process of its own, and returns the JSON that it prints. */
const result = async (contents: string, options: { external?: boolean; plugins?: Array<Plugin> }): Promise<unknown> => {
  const outfile = `${folder}/${programs++}.mjs`
  await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    absWorkingDir: root,
    tsconfig: "tsconfig.json",
    outfile,
    platform: "node",
    format: "esm",
    target: "node20",
    bundle: true,
    logLevel: "silent",
    banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);` },
    ...(options.external === true && { packages: "external" }),
    ...(options.plugins !== undefined && { plugins: options.plugins })
  })
  return JSON.parse(await run(process.execPath, [outfile]))
}

const entryPoints = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== "./package.json")
  .map((subpath) => manifest.name + subpath.slice(1))

const globals = `Object.getOwnPropertySymbols(globalThis).flatMap((symbol) => /undici/.exec(symbol.description ?? "") ? [symbol.description] : [])`

const dispatcher = `globalThis[Symbol.for("undici.globalDispatcher.1")]`

/** A program with a server and a transport that sends a form to it. */
const sends = `
import { Effect } from "effect"
import { HttpClientRequest } from "@effect/platform"
import { Transport } from "effect-reliability/node"
import { createServer } from "node:http"
const server = createServer((request, response) => void request.resume().on("end", () => response.end("ok")))
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
const url = "http://127.0.0.1:" + server.address().port
const send = Effect.scoped(Effect.gen(function* () {
  const client = yield* Transport.make({ proxy: "none" })
  const form = new FormData()
  form.append("a", "b")
  const response = yield* client.execute(HttpClientRequest.bodyFormData(HttpClientRequest.post(url), form))
  return yield* response.text
}))`

describe.concurrent("the dispatcher of the process", () => {
  for (const external of [true, false]) {
    const how = external ? "as packages" : "in a bundle"
    it(`stays unset after the import of every entry point, ${how}`, async () => {
      const program = `${entryPoints.map((name, index) => `import * as m${index} from "${name}"`).join("\n")}
const kept = [${entryPoints.map((_, index) => `m${index}`).join(", ")}].map((module) => Object.keys(module).length)
console.log(JSON.stringify({ kept: kept.length, globals: ${globals} }))`
      expect(await result(program, { external })).toEqual({ kept: entryPoints.length, globals: [] })
    })

    it(`stays Node's own after a request of the transport, ${how}`, async () => {
      const program = `${sends}
const sent = await Effect.runPromise(send)
const text = await (await fetch(url)).text()
const nodes = ${dispatcher}
const { Agent } = await import("undici")
server.close()
console.log(JSON.stringify({ sent, text, set: nodes !== undefined, ours: nodes instanceof Agent, same: ${dispatcher} === nodes }))
process.exit()`
      expect(await result(program, { external })).toEqual({
        sent: "ok",
        text: "ok",
        set: true,
        ours: false,
        same: true
      })
    })
  }

  it("stays the one that was set before the import of the transport", async () => {
    const program = `const { Agent, setGlobalDispatcher } = await import("undici")
const mine = new Agent()
setGlobalDispatcher(mine)
await import("effect-reliability/node")
console.log(JSON.stringify({ mine: ${dispatcher} === mine }))`
    expect(await result(program, { external: true })).toEqual({ mine: true })
  })
})

describe.concurrent("an undici without dispatch", () => {
  const stub: Plugin = {
    name: "stub",
    setup: (build) =>
      build.onLoad({ filter: /undici\/lib\/dispatcher\/client\.js$/ }, () => ({
        contents: "module.exports = class Client {}"
      }))
  }
  const message = `const message = (make) => { try { make(); return "made" } catch (error) { return String(error) } }`

  it("fails the construction of the transport, and names the client to use instead", async () => {
    const program = `import { Transport } from "effect-reliability/node"
${message}
console.log(JSON.stringify(message(() => Transport.make())))`
    expect(await result(program, { plugins: [stub] })).toMatch(
      /^Error: Transport\.make: undici's Client has no method dispatch .*FetchHttpClient of @effect\/platform/
    )
  })

  it("allows a transport with a dispatcher, which is checked for dispatch", async () => {
    const program = `import { Transport } from "effect-reliability/node"
${message}
console.log(JSON.stringify([{ dispatch: () => true }, {}].map((dispatcher) => message(() => Transport.make({ dispatcher })))))`
    expect(await result(program, { plugins: [stub] })).toEqual([
      "made",
      expect.stringMatching(/^Error: Transport\.make: the dispatcher has no method dispatch .*FetchHttpClient/)
    ])
  })
})
