/** Renders the outcomes of all situations as a page. */
import { type Situation, situations } from "./situations.js"
import type { Over } from "./transports.js"

const line = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

/** Renders the lines of the table. A family whose situations all have the same cells gets one line. */
const lines = (rows: ReadonlyArray<readonly [Situation, ReadonlyArray<string>]>): ReadonlyArray<string> => {
  const families = new Map<string, Array<(typeof rows)[number]>>()
  for (const row of rows) {
    const name = row[0].family ?? row[0].title
    families.set(name, [...(families.get(name) ?? []), row])
  }
  return [...families].flatMap(([family, members]) => {
    const [first] = members
    const alike = first !== undefined && members.every(([, cells]) => cells.join() === first[1].join())
    if (!alike || members.length === 1) return members.map(([{ title, why }, cells]) => line([title, why, ...cells]))
    return [line([`${family}, under each workload`, first[0].why, ...first[1]])]
  })
}

export const scoreboard = (overs: ReadonlyArray<Over>, cell: (situation: Situation, over: Over) => string): string => {
  const rows = situations.map((situation) => [situation, overs.map((over) => cell(situation, over))] as const)
  const notes = situations.flatMap(({ over = {}, title }) =>
    Object.entries(over).map(([name, { because }]) => `- ${title}, over ${name}: ${because}.`)
  )
  return [
    "# Conformance",
    "",
    "What comes of a call when something goes wrong, in memory and over each transport. Written by `npm run conformance` from",
    "what was seen; the situations are in `test/conformance/situations.ts`.",
    "",
    "✓ as it must be; ✓¹ as it must be there, see below; – cannot be acted out there.",
    "",
    line(["situation", "because of", ...overs.map(({ name }) => name)]),
    line(["---", "---", ...overs.map(() => ":-:")]),
    ...lines(rows),
    "",
    "¹ What a transport cannot know, or does in its own way:",
    "",
    ...notes,
    "- Where an attempt is ended from outside, `NodeHttpClient` and `FetchHttpClient` do not know whether an answer had begun: the",
    "  error says `Unconfirmed` where `Transport` says `Partial`.",
    ""
  ].join("\n")
}
