/**
 * Imports files one after another, each until it has nothing left to wait for, and adds a line of JSON for each to a
 * report: the file, and what went wrong or null. Before what a file prints stands its name, after `>>> `.
 * Usage: runExamples.ts REPORT FILE…
 */
import { appendFileSync } from "node:fs"
import { pathToFileURL } from "node:url"
import { inspect } from "node:util"

const stillRuns = "it still runs after a minute"

let settle: (failure: string | null) => void = () => {}
// a rejection that nobody handles arrives here, too
process.on("uncaughtException", (error) => settle(inspect(error)))

const outcome = async (file: string): Promise<string | null> => {
  let loaded = false
  // a file that has nothing to wait for ends within `beforeExit`, which is not emitted again before the loop has turned
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
  // what never ends would keep the next ones from ending, too
  if (failure === stillRuns) process.exit()
}
