/**
 * Fixtures of the tests in cli/Doctor/.
 *
 * The doctor runs against servers that each fail in one way.
 */
import { Effect } from "effect"
import { Doctor } from "effect-reliability/cli"
import { FireworksServer } from "effect-reliability/testing"

export const key = "fw_3ZthisIsTheKeyThatMustNotShow"
export const model = "accounts/fireworks/models/test-model"

/** Runs an effect with a proxy in the environment. */
export const withProxy = <A, E, R>(proxy: string, effect: Effect.Effect<A, E, R>, variable = "HTTPS_PROXY") =>
  Effect.acquireUseRelease(
    Effect.sync(() => void (process.env[variable] = proxy)),
    () => effect,
    () => Effect.sync(() => void delete process.env[variable])
  )

export const examine = (options: Doctor.Options) => Doctor.examine({ timeout: "60 seconds", ...options })

export const codesOf = (report: Doctor.Report) => report.findings.map(({ code }) => code)

export const api = (options: FireworksServer.Options = {}) => FireworksServer.make({ keys: [key], ...options })
