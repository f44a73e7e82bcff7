/**
 * Takes keys, account ids and prompts out of text that a server wrote.
 *
 * An error travels into logs, traces and tickets. What a server says about a request may quote the request, so the
 * rule is: what can be recognised as secret goes, and what merely looks quoted or opaque goes too. Inputs are cut before they are
 * searched, which bounds what a pattern that backtracks can cost.
 *
 * @since 0.1.0
 */

const maxInput = 2048

const hole = "[redacted]"

const control = /[\p{C}\u2028\u2029\ufffd]+/gu

// `Authorization: Bearer x`, `api_key=x`, `clientSecret=x`
const labelled =
  /(?<![A-Za-z0-9])((?:[a-z0-9]{1,32}[-_]?)?(?:authorization|(?:api|access|private|secret)[-_ ]?key(?:\s+(?:provided|used|given|is))?|token|secret|password|passwd|cookie))\b(["']?\s*[:=]\s*["']?)(?:(?:bearer|basic|token)\s+)?[^\s"',;}]+/gi
// `password is x`, and not what is wrong with it
const told =
  /(?<![A-Za-z0-9])((?:[a-z0-9]{1,32}[-_]?)?(?:(?:api|access|private|secret)[-_ ]?key|password|passwd)["'`]?\s+is:?\s+["'`]?)(?!(?:a|allowed|already|an|being|blocked|correct|deactivated|deleted|deprecated|disabled|empty|expired|for|from|in|inactive|incorrect|invalid|limited|locked|malformed|mandatory|missing|needed|never|no|not|null|of|on|only|optional|out|over|rate-limited|rejected|required|restricted|revoked|set|suspended|the|too|unauthorized|undefined|unknown|unset|used|valid|weak|wrong|your)(?![\w-]))[^\s"'`,;}]+/gi
const scheme = /\b(bearer|basic)\s+[\w.~+/=-]+/gi
// keys by their makers' prefixes; JSON web tokens; anything long and opaque
const prefixed = /\b(?:fw|fpk|sk|pk|rk|ak|gsk|xai|hf|ghp|gho|ghs|pplx|sess)[-_][\w*-]{4,}/gi
const opaque = /\b(?:AIza|AKIA|eyJ)[\w*.-]{8,}|(?<![\w-])(?=[\w-]{0,64}\d)[A-Za-z0-9_-]{32,}/g

const link = /\b([a-z][a-z0-9+.-]{0,15}:\/\/)(?:[^\s/?#@]{0,256}@)?([^\s?#]{0,1024})(?:[?#]\S*)?/gi
const accountPath = /\baccounts\/(?!fireworks(?![\w-]))[^\s/"'`,;)]+/gi
const accountName =
  /\b(accounts?|organi[sz]ations?|workspace|tenant)((?:[ _-]?(?:id|name))?["']?\s*(?:[:=]\s*|\s))(["'`]?)(?!(?:and|are|as|at|balance|been|billing|but|by|can|cannot|credits?|deactivated|disabled|does|exceeded|for|from|had|has|have|hit|id|in|is|level|limits?|locked|may|must|name|need|needs|not|of|on|or|owner|page|quota|rate|reached|request|requests|restricted|settings|should|spending|status|suspended|tier|to|token|tokens|usage|via|was|which|will|with|without|you|your)(?![\w@-]|\.\w))[\w.@-]+/gi
const organisation = /\b(?:org|acct|proj|user)[-_][\w-]{4,}/gi
const email = /[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,4}/g

// A quotation with a blank in it is prose, and prose is a prompt; a name of a model or a field has none. A single quote within a
// word is none.
const quoted =
  /(?<!\w)(?:"[^"]*\s[^"]*(?:"|$)|`[^`]*\s[^`]*(?:`|$)|“[^”]*\s[^”]*(?:”|$)|«[^»]*\s[^»]*(?:»|$)|'(?:[^'\s]|\b'\b)*\s(?:[^']|\b'\b)*(?:'(?!\w)|$))/g
const structure = /[{[](?=[^}\]]{0,200}["':\s])[^]*/
const spoken =
  /\b(prompts?|inputs?|contents?|messages|instructions?)(["']?\s*(?:[:=]|\bwas\b|\bis\b:?\s*(?=["'`]))\s*)[^]+/i

/** A resource's name without the account that it belongs to; the provider's own is kept. */
export const withoutAccount = (name: string): string =>
  name.replace(/\baccounts(?:\/|%2f)(?!fireworks(?:\/|%2f|$))[^/%]+(?:\/|%2f|$)/gi, "")

/** Cuts at a blank, so that no half of a key is left that its pattern would not know. */
const cut = (text: string): string => (text.length <= maxInput ? text : text.slice(0, maxInput).replace(/\S*$/, ""))

// Most of what servers say holds nothing that a pattern below could match: plain words
const plain = /^[A-Za-z ,.!?()]*$/
const suspect =
  /\b(?:AIza|AKIA|eyJ|account|organi[sz]ation|workspace|tenant|bearer|basic|prompt|input|content|messages|instruction)|key|passw/i

/** Text with its secrets masked, on one line. */
export const redact = (text: string): string => {
  const short = cut(text)
  if (plain.test(short) && !suspect.test(short)) return short.trim()
  return short
    .replace(control, " ")
    .replace(labelled, `$1$2${hole}`)
    .replace(told, `$1${hole}`)
    .replace(scheme, `$1 ${hole}`)
    .replace(link, "$1$2")
    .replace(accountPath, "accounts/[account]")
    .replace(accountName, "$1$2$3[account]")
    .replace(prefixed, hole)
    .replace(organisation, "[account]")
    .replace(opaque, hole)
    .replace(email, hole)
    .replace(spoken, `$1$2${hole}`)
    .replace(quoted, hole)
    .replace(structure, hole)
    .trim()
}

/** Whether a single word, where a code, a name or an id is expected, is rather a key. */
export const isSecret = (word: string): boolean =>
  word.search(prefixed) >= 0 || word.search(organisation) >= 0 || word.search(opaque) >= 0

/** A URL as far as it may be shown: no credentials, no query, no account, no opaque part; nothing if it is no URL. */
export const redactUrl = (url: string): string | undefined => {
  const match = /^(https?:\/\/)(?:[^\s/?#]*@)?([^\s/?#@]+)(?=[\s/?#]|$)([^\s?#]*)/i.exec(url.slice(0, maxInput))
  if (match === null) return undefined
  const [, scheme = "", host = "", path = ""] = match
  return scheme + host + path.replace(accountPath, "accounts/[account]").replace(prefixed, hole).replace(opaque, hole)
}

const encoder = /*#__PURE__*/ new TextEncoder()

/** The longest prefix that encodes to at most `bytes` bytes of UTF-8, never splitting a character. */
export const clip = (text: string, bytes: number): string =>
  text.length * 3 <= bytes ? text : text.slice(0, encoder.encodeInto(text, new Uint8Array(bytes)).read)
