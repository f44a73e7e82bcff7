/**
 * The optional packages that commands need.
 *
 * @since 0.2.0
 */
import { readFileSync } from "node:fs"

/** Returns the command that installs packages, in the versions that work with Effect 3. */
export const installCommand = (packages: ReadonlyArray<string>): string => {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8")
  // the manifest of this package
  const { peerDependencies: ranges } = JSON.parse(text) as { readonly peerDependencies: Record<string, string> }
  return `npm install --save-dev ${packages.map((name) => `"${name}@${ranges[name] ?? "latest"}"`).join(" ")}`
}

/** Returns true if an import failed because one of the packages is not installed. */
export const isMissing = (packages: ReadonlyArray<string>, error: unknown): boolean => {
  const text = error instanceof Error ? error.message : String(error)
  return packages.some((name) => text.includes(`'${name}'`))
}
