#!/usr/bin/env node
/**
 * The program `effect-reliability`. The packages of its command line are optional peers, so that other users need not install them.
 *
 * @since 0.1.0
 */
import { readFileSync } from "node:fs"
import process from "node:process"

const packages = ["@effect/cli", "@effect/platform-node"]

/** Returns the command that installs the missing packages, in the versions that work with Effect 3. */
const installCommand = (): string => {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8")
  // the manifest of this package
  const { peerDependencies: ranges } = JSON.parse(text) as { readonly peerDependencies: Record<string, string> }
  return `npm install --save-dev ${packages.map((name) => `"${name}@${ranges[name] ?? "latest"}"`).join(" ")}`
}

const report = (error: unknown): void => {
  const text = error instanceof Error ? error.message : String(error)
  const isMissing = packages.some((name) => text.includes(`'${name}'`))
  process.stderr.write(
    isMissing
      ? `effect-reliability: the command line needs two more packages: ${installCommand()}\n`
      : `effect-reliability: ${text}\n`
  )
  process.exitCode = 70
}

import("./commands.js").then(({ main }) => main(), report)
