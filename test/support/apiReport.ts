/**
 * Deletes the declaration files that users cannot reach. The public modules remain, and the files of `internal/` whose types
 * occur in their signatures. `npm run api` runs it on `.api/`.
 */
import { readFileSync, rmSync } from "node:fs"
import { join, normalize } from "node:path"
import { fileURLToPath } from "node:url"
import { declarationsBelow, publicModules } from "./project.js"

/** Deletes the files below an absolute folder that no public module reaches, and returns the remaining files. */
export const prune = (folder: string): ReadonlyArray<string> => {
  const reached = new Set(publicModules.map((file) => file.replace(/\.ts$/, ".d.ts")))
  // the iteration also visits elements that are added during it
  for (const file of reached) {
    const text = readFileSync(join(folder, file), "utf8")
    for (const [, specifier = ""] of text.matchAll(/(?:from |import\()"(\.[^"]+)\.js"/g)) {
      reached.add(normalize(join(file, "..", `${specifier}.d.ts`)))
    }
  }
  for (const file of declarationsBelow(folder)) if (!reached.has(file)) rmSync(join(folder, file))
  return [...reached].toSorted()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) prune(fileURLToPath(new URL("../../.api", import.meta.url)))
