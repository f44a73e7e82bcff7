/**
 * Imports files one after another, and waits until each has nothing left to do. For each file it appends a line of JSON to a
 * report: the file, and its failure or null. The output of each file follows a line with `>>> ` and its name. Usage:
 * runExamples.ts REPORT FILE…
 */
import { appendFileSync } from "node:fs"
import { pathToFileURL } from "node:url"
import { inspect } from "node:util"

const stillRuns = "it still runs after a minute"

let settle: (failure: string | null) => void = () => {}
// unhandled rejections arrive here, too
process.on("uncaughtException", (error) => settle(inspect(error)))

const outcome = async (file: string): Promise<string | null> => {
  let loaded = false
  // without this timer, `beforeExit` would not be emitted again for a file that has nothing to wait for
  setTimeout(() => {}, 1)
  void import(pathToFileURL(file).href).then(() => (loaded = true))
  return new Promise((resolve) => {
    settle = resolve
    process.once("beforeExit", () => resolve(loaded ? null : "it awaits something that never happens"))
    setTimeout(() => resolve(stillRuns), 60_000).unref()
  })
}

const [report = "", ...files] = process.argv.slice(2)
for (const file of files) {
  process.stdout.write(`>>> ${file}\n`)
  const failure = await outcome(file)
  appendFileSync(report, `${JSON.stringify([file, failure])}\n`)
  // a file that never ends would keep the next ones from ending, too
  if (failure === stillRuns) process.exit()
}
