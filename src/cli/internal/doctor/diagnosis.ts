import { judgeHttp, judgeKey, judgeMetrics, judgeModel } from "./apiChecks.js"
import { judgeDns, judgeProxy, judgeTcp, judgeTls } from "./connectionChecks.js"
import type { Judged } from "./findings.js"
import type { Observation } from "./observation.js"
import type { Finding, Step } from "./model.js"

/** Marks a step as failed if, and only if, a problem was found in it. */
const stepOf = ({ findings, step }: Judged): Step => {
  if (findings.some(({ severity }) => severity === "problem")) return { ...step, status: "failed" }
  return step.status === "failed" ? { ...step, status: "skipped" } : step
}

/** Turns an observation into the results of the steps, and the findings. */
export const judge = (
  observation: Observation
): { readonly steps: ReadonlyArray<Step>; readonly findings: ReadonlyArray<Finding> } => {
  const all = [judgeProxy, judgeDns, judgeTcp, judgeTls, judgeHttp, judgeKey, judgeModel, judgeMetrics]
    .map((step) => step(observation))
    .filter((judged) => judged !== undefined)
  const findings: Array<Finding> = []
  for (const one of all.flatMap((judged) => judged.findings)) {
    // a server that fails the same way with and without a key is one problem
    const isKnown = findings.some(
      ({ code, title }) => title === one.title && code.split(".")[1] === one.code.split(".")[1]
    )
    if (!isKnown) findings.push(one)
  }
  return { steps: all.map(stepOf), findings }
}
