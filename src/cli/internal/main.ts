#!/usr/bin/env node
/**
 * The program `effect-reliability`. What it needs besides the library are optional peers, so that others need not have them.
 *
 * @since 0.1.0
 */
import process from "node:process"

const packages = ["@effect/cli", "@effect/platform-node"]

const explained = (error: unknown): void => {
  const text = error instanceof Error ? error.message : String(error)
  const isMissing = packages.some((name) => text.includes(`'${name}'`))
  const install = `npm install --save-dev ${packages.join(" ")}`
  process.stderr.write(
    isMissing
      ? `effect-reliability: the command line needs two more packages: ${install}\n`
      : `effect-reliability: ${text}\n`
  )
  process.exitCode = 70
}

import("./commands.js").then(({ main }) => main(), explained)
