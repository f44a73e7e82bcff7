/**
 * The command `dashboards`.
 *
 * @since 0.2.0
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import process from "node:process"
import { badUsage, described, messageOf, save, write } from "../terminal.js"
import { grafanaDashboard } from "./grafana.js"
import { ruleFile, thresholds, yamlOf } from "./rules.js"

const formats = ["grafana", "rules"] as const

/** The name and the content of the file of each format. */
const files = {
  grafana: {
    file: "effect-reliability.dashboard.json",
    content: () => `${JSON.stringify(grafanaDashboard(), null, 2)}\n`
  },
  rules: { file: "effect-reliability.rules.yml", content: () => yamlOf(ruleFile(thresholds)) }
} as const satisfies Record<(typeof formats)[number], unknown>

const settings = {
  format: Options.choice("format", formats).pipe(
    Options.withDescription(
      "grafana: the dashboard as JSON; rules: the recording and alert rules of Prometheus as YAML; by default grafana, and with --out both"
    ),
    Options.optional
  ),
  out: Options.text("out").pipe(
    Options.withDescription("the folder to write files to, instead of printing; it is created if it does not exist"),
    Options.optional
  )
}

const saveAll = (folder: string, chosen: ReadonlyArray<(typeof formats)[number]>) =>
  Effect.gen(function* () {
    yield* Effect.tryPromise({
      try: () => mkdir(folder, { recursive: true }),
      catch: (error) => badUsage(`--out: ${messageOf(error)}`)
    })
    for (const format of chosen) {
      const path = join(folder, files[format].file)
      yield* save("--out", path, files[format].content(), "w")
      yield* write(process.stdout, `${path}\n`)
    }
  })

export const dashboards = Command.make("dashboards", settings, ({ format, out }) =>
  Option.match(out, {
    onNone: () => write(process.stdout, files[Option.getOrElse(format, () => "grafana" as const)].content()),
    onSome: (folder) => saveAll(folder, Option.match(format, { onNone: () => formats, onSome: (one) => [one] }))
  })
).pipe(
  Command.withDescription(
    described(
      "Prints a Grafana dashboard, or recording and alert rules for Prometheus, for the metrics of this package. It makes no calls.",
      {
        examples: [
          "dashboards > dashboard.json",
          "dashboards --format rules > rules.yml",
          "dashboards --out monitoring"
        ]
      }
    )
  )
)
