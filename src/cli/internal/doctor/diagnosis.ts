import { asked, keyed, measured, spoken } from "./apiChecks.js"
import { connected, looked, proxied, secured } from "./connectionChecks.js"
import type { Judged } from "./findings.js"
import type { Observation } from "./observation.js"
import type { Finding, Step } from "./model.js"

/** A step has failed where a problem was found in it, and nowhere else: the report ends with the number of problems. */
const stepOf = ({ findings, step }: Judged): Step => {
  if (findings.some(({ severity }) => severity === "problem")) return { ...step, status: "failed" }
  return step.status === "failed" ? { ...step, status: "skipped" } : step
}

/** Judges what was seen. */
export const judge = (
  seen: Observation
): { readonly steps: ReadonlyArray<Step>; readonly findings: ReadonlyArray<Finding> } => {
  const all = [proxied, looked, connected, secured, asked, keyed, spoken, measured]
    .map((step) => step(seen))
    .filter((judged) => judged !== undefined)
  const findings: Array<Finding> = []
  for (const one of all.flatMap((judged) => judged.findings)) {
    // with and without a key the server fails alike: it is one thing
    const again = findings.some(
      ({ code, title }) => title === one.title && code.split(".")[1] === one.code.split(".")[1]
    )
    if (!again) findings.push(one)
  }
  return { steps: all.map(stepOf), findings }
}
