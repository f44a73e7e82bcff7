#!/usr/bin/env node
/**
 * The program `effect-reliability`. The packages of its command line are optional peers, so that other users need not install them.
 *
 * @since 0.1.0
 */
import process from "node:process"
import { installCommand, isMissing } from "./packages.js"

const packages = ["@effect/cli", "@effect/platform-node"]

const report = (error: unknown): void => {
  const text = error instanceof Error ? error.message : String(error)
  process.stderr.write(
    isMissing(packages, error)
      ? `effect-reliability: the command line needs two more packages: ${installCommand(packages)}\n`
      : `effect-reliability: ${text}\n`
  )
  process.exitCode = 70
}

import("./commands.js").then(({ main }) => main(), report)
