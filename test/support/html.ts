/** Checks of HTML pages. */

/** Returns tags that are not closed, or closed without being open, and characters that are not escaped. */
export const misplaced = (html: string): ReadonlyArray<string> => {
  const open: Array<string> = []
  const wrong: Array<string> = []
  const body = html.replace("<!doctype html>", "").replaceAll(/<style>[^<]*<\/style>/g, "")
  for (const [tag, closing, name = "", rest = ""] of body.matchAll(
    /<(\/?)([a-z0-9]+)((?:\s[a-zA-Z0-9:-]+="[^"<]*"|\s)*\/?)>/g
  )) {
    if (closing === "/") {
      if (open.pop() !== name) wrong.push(tag)
    } else if (!rest.endsWith("/")) open.push(name)
  }
  const words = body.replaceAll(/<\/?[a-z0-9]+(?:\s[a-zA-Z0-9:-]+="[^"<]*"|\s)*\/?>/g, "")
  return [...wrong, ...open, ...(words.match(/[<>]|&(?!(amp|lt|gt|quot|#39);)/g) ?? [])]
}
