/**
 * The mechanical part of the style guide for text that people read: comments, pages and titles of tests.
 */
import ts from "typescript"

export interface Passage {
  readonly file: string
  readonly line: number
  readonly text: string
  /** True if the comment documents a declaration. */
  readonly isDoc: boolean
}

/** The comments of a source file, without code fences, tags and tables. */
export const commentsOf = (file: string, source: string): ReadonlyArray<Passage> => {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true)
  const found = new Map<number, Passage>()
  const visit = (node: ts.Node): void => {
    for (const range of [
      ...(ts.getLeadingCommentRanges(source, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(source, node.getEnd()) ?? [])
    ]) {
      const raw = source.slice(range.pos, range.end)
      const line = tree.getLineAndCharacterOfPosition(range.pos).line + 1
      found.set(range.pos, { file, line, text: strip(raw), isDoc: raw.startsWith("/**") })
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return [...found.values()].filter(({ text }) => text !== "")
}

const strip = (comment: string): string =>
  comment
    .replace(/^\/\*+|\*+\/$/g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*(?:\*|\/\/)? ?/, ""))
    .join("\n")
    .replace(/```[^]*?(?:```|$)/g, "")
    .replace(/^\s*\|.*$/gm, "")
    .replace(/^@(?:example|since|category).*$/gm, "")
    .trim()

/** The prose of a page, without code fences, tables and headings. */
export const passagesOf = (file: string, page: string): ReadonlyArray<Passage> => {
  const text = page.replace(/```[^]*?```/g, (fence) => fence.replace(/[^\n]/g, "")).replace(/^#.*$/gm, "")
  let line = 1
  return text.split(/\n{2,}/).map((paragraph) => {
    const passage = { file, line, text: paragraph.trim(), isDoc: false }
    line += paragraph.split("\n").length + 1
    return passage
  })
}

/** Words that the style guide replaces, and what to write instead. */
const replaced: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bis none\b|\bare none\b/i, "invalid, missing or empty"],
  [
    /(?<!\bthere )\b(?:is|are|was) no (?!longer|more|less|such|need|way|time|room|later|\w+er\b)\w+/i,
    "`is not a …`, invalid or missing"
  ],
  [/\b(?:somebody|anybody|nobody)\b/i, "the caller, the server, the current fiber"],
  [/\btells? of\b|\btold\b|\btelling\b/i, "report, notify, return, log"],
  [
    /\b(?:an|the|its|each|no|this|that|every|one|of|whole|such) answers?\b|\banswers (?:that|of|are|whose|which|come|with)\b/i,
    "response, status or body"
  ],
  [/\b(?:a|the|each|first|second|third|next|last|another|every|one|no) try\b|\btries\b(?= (?:of|are|that))/i, "attempt"]
]

export const faultsIn = ({ isDoc, text }: Passage): ReadonlyArray<string> => {
  const prose = text.replace(/`[^`\n]*`/g, "x")
  const faults = replaced.flatMap(([pattern, instead]) => {
    const match = pattern.exec(prose)
    return match === null ? [] : [`"${match[0]}": write ${instead}`]
  })
  if (isDoc && /^(?:What|Whether|How|Who|Where|Why)\b/.test(text)) faults.push(`begins with "${text.slice(0, 20)}…"`)
  if (isDoc) {
    for (const sentence of prose.split(/(?<=[.:?!;])\s+|\n\s*\n|\n\s*[-*] /)) {
      const words = sentence.trim().split(/\s+/).length
      if (words > 30) faults.push(`a sentence of ${words} words: "${sentence.trim().slice(0, 50)}…"`)
    }
  }
  return faults
}

/** The titles of `it` in a test file, as far as they are literal text. */
export const titlesOf = (source: string): ReadonlyArray<string> => {
  const tree = ts.createSourceFile("", source, ts.ScriptTarget.Latest, true)
  const titles: Array<string> = []
  const isTest = (node: ts.Expression): boolean =>
    ts.isIdentifier(node)
      ? node.text === "it"
      : ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)
        ? isTest(node.expression)
        : false
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isTest(node.expression)) {
      const [title] = node.arguments
      if (title !== undefined && ts.isStringLiteralLike(title)) titles.push(title.text)
      else if (title !== undefined && ts.isTemplateExpression(title) && title.head.text !== "")
        titles.push(title.head.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  // a title that begins with a variable is in a table
  return titles.filter((title) => title !== "" && !title.startsWith("%"))
}

/** Tests whether a title begins with a verb in the third person: it ends in s, and is not a vague one. */
export const startsWithVerb = (title: string): boolean => {
  const [first = ""] = title.split(/[\s,:]/)
  return /^[a-z]+(?:-[a-z]+)*s$/.test(first) && !vague.has(first)
}

const vague = new Set(["is", "this", "has", "was", "as", "its", "always", "whereas", "less", "errors", "responses"])
