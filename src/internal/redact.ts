/**
 * Masks keys, account ids and prompts in text that a server wrote.
 *
 * Errors end up in logs, traces and tickets, and a server's message may quote the request. Therefore everything that can be
 * recognised as a secret is masked, and also everything that only looks quoted or opaque.
 *
 * The patterns are applied to the text as it is, and once more with escapes resolved, so that escaping cannot hide a secret.
 *
 * The time is bounded: inputs are cut to 2048 characters, and no unbounded repetition is nested in another one over the same
 * characters. From each start a pattern scans once, or once more for each blank: at most quadratic time.
 *
 * @since 0.1.0
 */

const maxInput = 2048

const hole = "[redacted]"

const control = /[\p{C}\u2028\u2029\ufffd]+/gu

// `Authorization: Bearer x`, `api_key=x`, `clientSecret=x`, `authorization: [Bearer x]`
const labelled =
  /(?<![A-Za-z0-9])((?:[a-z0-9]{1,32}[-_]?)?(?:authorization|(?:api|access|private|secret)[-_ ]?key(?:\s+(?:provided|used|given|is))?|token|secret|password|passwd|cookie))\b(["'`]?\s*[:=]\s*(?:(?!\[redacted\])["'`[({<]){0,3})(?:(?:bearer|basic|token)\s+)?[^\s"',;}]+/gi
// `password is x`, but not `password is wrong`
const stated =
  /(?<![A-Za-z0-9])((?:[a-z0-9]{1,32}[-_]?)?(?:(?:api|access|private|secret)[-_ ]?key|password|passwd)["'`]?\s+is:?\s+["'`]?)(?!(?:a|allowed|already|an|being|blocked|correct|deactivated|deleted|deprecated|disabled|empty|expired|for|from|in|inactive|incorrect|invalid|limited|locked|malformed|mandatory|missing|needed|never|no|not|null|of|on|only|optional|out|over|rate-limited|rejected|required|restricted|revoked|set|suspended|the|too|unauthorized|undefined|unknown|unset|used|valid|weak|wrong|your)(?![\w-]))[^\s"'`,;}]+/gi
const scheme = /\b(bearer|basic)\s+[\w.~+/=-]+/gi
// keys with a provider's prefix at the start of a word, also masked or short ones
const prefixed =
  /\b(?:fw|fpk|sk|pk|rk|ak|gsk|xai|hf|gh[oprsu]|github_pat|glpat|nvapi|pplx|sess|tgp|xapp|xox[a-z])[-_][\w*-]{4,}/gi
const marked = /\b(?:AIza|AKIA|eyJ|ya29\.)[\w*.-]{8,}/g
// the same prefixes within a word: there the rest must be longer, and after a short prefix have a digit or a mixed case
const glued =
  /(?:do[opr]_v1_|github_pat_|glpat-|gsk_|nvapi-|pplx-|tgp_|xai-|xapp-|xox[a-z]-|ya29\.)[\w-]{16,}|(?:fpk|fw|gh[oprsu]|hf|npm|r8|[aprs]k|sess)[-_](?=[A-Za-z]{0,32}(?:\d|[a-z][A-Z]))[A-Za-z\d]{16,}[\w-]*|A[KS]IA[A-Z\d]{16,}|AIza[\w-]{30,}|eyJ[\w-]{8,256}\.[\w.-]{8,}/g
// any long word with a digit
const opaque = /(?<![\w-])(?=[\w-]{0,64}\d)[A-Za-z0-9_-]{32,}/g

// the parts of a model's name: words with a version or a size, and dates
const namePart =
  /^(?:(?:[A-Za-z][a-z]{0,20}|[A-Z]{1,20})(?:\d{1,3}(?:[a-z]\d{0,2})?)?[A-Za-z]?|\d{1,8}[A-Za-z]?\d{0,2}[A-Za-z]?)$/
const isName = (word: string): boolean => word.split(/[-_]/).every((part) => namePart.test(part))

const requestId =
  /^(?:req_[A-Za-z\d]{1,64}|(?:(?:chatcmpl|cmpl|msg|req|resp|trace)[-_])?(?:[\da-f]{32}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}))$/i
const requestIdLabel = /\brequest[ _-]?id\W{0,4}$/i

const link = /\b([a-z][a-z0-9+.-]{0,15}:\/\/)(?:[^\s/?#@]{0,256}@)?([^\s?#]{0,1024})(?:[?#]\S*)?/gi
const accountPath = /\b(accounts\/+)(?!fireworks(?![\w-]))[^\s/"'`,;)]+/gi
const accountName =
  /\b(accounts?|organi[sz]ations?|workspace|tenant)((?:[ _-]?(?:id|name))?["']?\s*(?:[:=]\s*|\s))(["'`]?)(?!(?:and|are|as|at|balance|been|billing|but|by|can|cannot|credits?|deactivated|disabled|does|exceeded|for|from|had|has|have|hit|id|in|is|level|limits?|locked|may|must|name|need|needs|not|of|on|or|owner|page|quota|rate|reached|request|requests|restricted|settings|should|spending|status|suspended|tier|to|token|tokens|usage|via|was|which|will|with|without|you|your)(?![\w@-]|\.\w))[\w.@-]+/gi
const organisation = /\b(?:org|acct|proj|user)[-_][\w-]{4,}/gi
const email = /[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,4}/g

// A quotation with a blank may be a prompt; names of models and fields have no blank. A single quote within a word is an
// apostrophe.
const quoted =
  /(?<!\w)(?:"[^"]*\s[^"]*(?:"|$)|`[^`]*\s[^`]*(?:`|$)|“[^”]*\s[^”]*(?:”|$)|«[^»]*\s[^»]*(?:»|$)|'(?:[^'\s]|\b'\b)*\s(?:[^']|\b'\b)*(?:'(?!\w)|$))/g
const structure = /[{[](?=[^}\]]{0,200}["':\s])[^]*/
const promptField =
  /\b(prompts?|inputs?|contents?|messages|instructions?)(["']?\s*(?:[:=]|\bwas\b|\bis\b:?\s*(?=["'`]))\s*)[^]+/i

/** Returns a resource's name without its account. The account `fireworks`, the provider's own, is kept. */
export const withoutAccount = (name: string): string =>
  name.replace(
    /(?:\b|(?<=%2f))accounts(?:\/|%(?:25)*2f)(?!fireworks(?:\/|%(?:25)*2f|$))[^/%]+(?:\/|%(?:25)*2f|$)/gi,
    ""
  )

/** Cuts a long text at a blank, so that no part of a key remains that its pattern would not match. */
const cut = (text: string): string => {
  if (text.length <= maxInput) return text
  const head = text.slice(0, maxInput)
  return head.slice(0, head.search(/\s\S*$/) + 1)
}

// Most messages are plain words, in which no pattern can match
const plain = /^[A-Za-z ,.!?()]*$/
const suspect =
  /AIza|A[KS]IA|eyJ|\b(?:account|organi[sz]ation|workspace|tenant|bearer|basic|prompt|input|content|messages|instruction)|key|passw/i

const escaped = /%([0-7][\dA-Fa-f])|\\(?:u00([0-7][\dA-Fa-f])|([nrt])|(["'`\\/]))/g

/** The largest number of nested escapes that are resolved, as for JSON within JSON within a query. */
const maxEscapes = 4

const unescaped = (text: string): string => {
  let result = text
  for (let depth = 0; depth < maxEscapes; depth++) {
    const inner = result.replace(
      escaped,
      (_, percent?: string, unicode?: string, blank?: string, quoted?: string): string =>
        blank !== undefined ? " " : (quoted ?? String.fromCharCode(Number.parseInt(percent ?? unicode ?? "20", 16)))
    )
    if (inner === result) break
    result = inner
  }
  return result
}

/** Applies a mask to a text as it is, and once more with its escapes resolved. */
const masking =
  (mask: (text: string) => string) =>
  (text: string): string => {
    const masked = mask(text)
    const resolved = unescaped(masked)
    if (resolved === masked) return masked
    const inner = mask(resolved)
    // if the escapes hide no secret, the text keeps them
    return inner === resolved ? masked : inner
  }

const maskKeys = (text: string): string => text.replace(glued, hole).replace(prefixed, hole).replace(marked, hole)

const maskOpaque = (text: string): string =>
  text.replace(opaque, (word, at: number) => {
    const labelledId = requestId.test(word) && requestIdLabel.test(text.slice(Math.max(0, at - 24), at))
    return labelledId || isName(word) ? word : hole
  })

const maskPath = /*#__PURE__*/ masking((path) => maskOpaque(maskKeys(path.replace(accountPath, "$1[account]"))))

const maskText = /*#__PURE__*/ masking((text) => {
  const named = text
    .replace(control, " ")
    .replace(labelled, `$1$2${hole}`)
    .replace(stated, `$1${hole}`)
    .replace(scheme, `$1 ${hole}`)
    .replace(link, "$1$2")
    .replace(accountPath, "$1[account]")
    .replace(accountName, "$1$2$3[account]")
  return maskOpaque(maskKeys(named).replace(organisation, "[account]"))
    .replace(email, hole)
    .replace(promptField, `$1$2${hole}`)
    .replace(quoted, hole)
    .replace(structure, hole)
})

/** Masks the secrets of a text, and puts it on one line. */
export const redact = (text: string): string => {
  const short = cut(text)
  return (plain.test(short) && !suspect.test(short) ? short : maskText(short)).trim()
}

/** Tests whether a word looks like a key or an account id, where a code, a name or an id is expected. */
export const isSecret = (word: string): boolean => maskOpaque(maskKeys(word)) !== word || word.search(organisation) >= 0

/** Tests whether a word can be the id of a request: it has the form of one, or does not look like a key. */
export const isRequestId = (word: string): boolean => requestId.test(word) || !isSecret(word)

/** Returns a URL without credentials, query, account and opaque parts; undefined if it is not an HTTP URL. */
export const redactUrl = (url: string): string | undefined => {
  const match = /^(https?:\/\/)(?:[^\s/?#]*@)?([^\s/?#@]+)(?=[\s/?#]|$)([^\s?#]*)/i.exec(url.slice(0, maxInput))
  if (match === null) return undefined
  const [, scheme = "", host = "", path = ""] = match
  return scheme + host + maskPath(path)
}

const encoder = /*#__PURE__*/ new TextEncoder()

/** Returns the longest prefix that encodes to at most `bytes` bytes of UTF-8. It never splits a character. */
export const clip = (text: string, bytes: number): string =>
  text.length * 3 <= bytes ? text : text.slice(0, encoder.encodeInto(text, new Uint8Array(bytes)).read)
