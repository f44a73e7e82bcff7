/**
 * What an application waits for at its start: the first import in a process of its own, against that of all of `effect`.
 */
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import type { Comparison, Subject } from "./harness.js"

const execute = promisify(execFile)
const root = new URL("../../", import.meta.url)

/** The time of one import, as the fresh process takes it, without the start of Node. */
const imported = (specifier: string): Subject => ({
  name: `import "${specifier}" in a new process`,
  sample: async () => {
    const program = `const started = performance.now(); await import("${specifier}"); console.log(performance.now() - started)`
    const { stdout } = await execute(process.execPath, ["--input-type=module", "-e", program], { cwd: root })
    return Number(stdout) * 1000
  }
})

/** The index brings in `@effect/platform`'s client, which `effect` is without. */
export const imports: ReadonlyArray<Comparison> = [
  { subject: imported("effect-reliability"), rival: imported("effect"), unit: "µs", bound: 1.5 },
  { subject: imported("effect-reliability/Retry"), rival: imported("effect"), unit: "µs", bound: 1 }
]
