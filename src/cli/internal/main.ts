#!/usr/bin/env node
/**
 * The program `effect-reliability`. What it needs besides the library are optional peers, so that others need not have them.
 *
 * @since 0.1.0
 */
import { readFileSync } from "node:fs"
import process from "node:process"

const packages = ["@effect/cli", "@effect/platform-node"]

/** The newest of a package may be of another Effect: the ranges are those that this package says it works with. */
const installs = (): string => {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8")
  // it is this package's own
  const { peerDependencies: ranges } = JSON.parse(text) as { readonly peerDependencies: Record<string, string> }
  return `npm install --save-dev ${packages.map((name) => `"${name}@${ranges[name] ?? "latest"}"`).join(" ")}`
}

const explained = (error: unknown): void => {
  const text = error instanceof Error ? error.message : String(error)
  const isMissing = packages.some((name) => text.includes(`'${name}'`))
  process.stderr.write(
    isMissing
      ? `effect-reliability: the command line needs two more packages: ${installs()}\n`
      : `effect-reliability: ${text}\n`
  )
  process.exitCode = 70
}

import("./commands.js").then(({ main }) => main(), explained)
