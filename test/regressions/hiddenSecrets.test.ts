/**
 * Keys were not redacted after a word character, an escape or a bracket, nor accounts after an escaped slash. Request ids, which
 * support staff ask for, were redacted as if they were keys.
 */
import { FastCheck as fc } from "effect"
import { Classify, Dialect } from "effect-reliability"
import { describe, expect, it } from "vitest"
import { withoutNames, withoutSecrets } from "../../src/fireworks/internal/confidential.js"
import { isSecret, redact, redactUrl, withoutAccount } from "../../src/internal/redact.js"

const word = (from: string, min: number, max = min) => fc.stringMatching(new RegExp(`^[${from}]{${min},${max}}$`))
const alnum = "A-Za-z0-9"

// the published formats of keys: prefix, alphabet, length
const formats: ReadonlyArray<readonly [prefix: string, alphabet: string, min: number, max?: number]> = [
  ["fw_", alnum, 22, 24],
  ["fpk_", alnum, 24],
  ["sk-", alnum, 48],
  ["sk-proj-", alnum, 48],
  ["sk-ant-api03-", alnum, 64],
  ["sk-or-v1-", "a-f0-9", 64],
  ["sk_live_", alnum, 24],
  ["gsk_", alnum, 52],
  ["xai-", alnum, 80],
  ["hf_", alnum, 34],
  ["ghp_", alnum, 36],
  ["gho_", alnum, 36],
  ["ghs_", alnum, 36],
  ["ghu_", alnum, 36],
  ["ghr_", alnum, 36],
  ["github_pat_", "A-Za-z0-9_", 82],
  ["glpat-", "A-Za-z0-9_-", 20],
  ["pplx-", alnum, 48],
  ["nvapi-", "A-Za-z0-9_-", 64],
  ["tgp_v1_", "A-Za-z0-9_-", 43],
  ["npm_", alnum, 36],
  ["dop_v1_", "a-f0-9", 64],
  ["r8_", alnum, 37],
  ["ya29.", "A-Za-z0-9_-", 60, 120],
  ["xoxb-", "0-9", 12],
  ["AKIA", "A-Z2-7", 16],
  ["ASIA", "A-Z2-7", 16],
  ["AIza", "A-Za-z0-9_-", 35]
]

const key = fc.oneof(
  ...formats.map(([prefix, alphabet, min, max]) =>
    word(alphabet, min, max).map((body) => (prefix === "xoxb-" ? `${prefix}${body}-${body}-${body}abc` : prefix + body))
  ),
  fc.tuple(word(alnum, 20, 40), word(alnum, 43)).map(([body, signature]) => `eyJ${body}.eyJ${body}.${signature}`)
)

const pieces = [
  ..."aZ7_-. \t\n,;:=/?#@&+()[]{}<>\"'`\\|%~",
  "%20",
  "%22",
  "%3D",
  "%2F",
  "%252F",
  "%5B",
  "\\n",
  "\\t",
  '\\"',
  "\\\\",
  '\\\\\\"',
  "\\u0022",
  "\\u000a",
  "Bearer ",
  "Basic%20",
  "authorization: ",
  "api_key",
  "token",
  "accounts/",
  "account ",
  "org-",
  "https://",
  "prompt: ",
  "request id ",
  "task",
  "disk-",
  "é",
  "日本",
  "😀"
]

const surroundings = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join(""))

/** Returns true if the text contains eight consecutive characters of the key after its prefix. */
const survives = (shown: string, secret: string): boolean => {
  for (let at = 6; at + 8 <= secret.length; at++) if (shown.includes(secret.slice(at, at + 8))) return true
  return false
}

describe("redaction of keys", () => {
  it("removes a key from any surrounding text, JSON or URL", () => {
    fc.assert(
      fc.property(surroundings, key, surroundings, (before, secret, after) => {
        for (const text of [before + secret + after, JSON.stringify(before + secret + after)]) {
          expect([text, survives(redact(text), secret)]).toEqual([text, false])
        }
        const url = `https://api.example/v1/${encodeURI(before)}${secret}${encodeURIComponent(after)}`
        expect([url, survives(redactUrl(url) ?? "", secret)]).toEqual([url, false])
      }),
      { numRuns: 3000 }
    )
  })

  const hole = "[redacted]"

  it.each([
    ["Bearer%20fw_abc123def456ghi789jkl012", `Bearer%20${hole}`],
    ["api_key%3Dfw_abc123def456ghi789jkl012", `api_key%3D${hole}`],
    ["api_key%3Dhunter2", `api_key=${hole}`],
    ["x-api-key%22%3A%22hunter2%22", `x-api-key":"${hole}"`],
    ["failed:\\nfw_abc123def456ghi789jkl012\\nretry", `failed:\\n${hole}\\nretry`],
    ["failed:\\nsk-abcd", `failed: ${hole}`],
    ['{"a":"\\nfw_abc123def456ghi789jkl012"}', hole],
    ["authorization: [Bearer x]", `authorization: [${hole}`],
    ["authorization: ['Bearer x', 'y']", `authorization: ${hole}`],
    ['got \\"x-api-key\\":\\"x\\"', `got "x-api-key":"${hole}"`],
    ['got \\\\\\"x-api-key\\\\\\":\\\\\\"x\\\\\\"', `got "x-api-key":"${hole}"`],
    ["token=a%20b", `token=${hole}`],
    ["xfw_abc123def456ghi789jkl012", `x${hole}`]
  ])("redacts the key in: %s", (text, shown) => {
    expect(redact(text)).toBe(shown)
  })

  it("detects a key after a word character in isSecret", () => {
    for (const [prefix] of formats) expect(isSecret(`x${prefix}${"aB3".repeat(22).toUpperCase()}`)).toBe(true)
  })
})

describe("redaction of accounts", () => {
  it.each([
    ["no accounts%2Facme%2Fmodels%2Fm", "no accounts/[account]/models/m"],
    ["no accounts%2facme%2fmodels", "no accounts/[account]/models"],
    ["no v1%2Faccounts%252Facme%252Fm", "no v1/accounts/[account]/m"],
    ["no accounts\\/acme\\/m", "no accounts/[account]/m"]
  ])("redacts the account in: %s", (text, shown) => {
    expect(redact(text)).toBe(shown)
  })

  it("redacts the account in URLs with escaped slashes", () => {
    expect(redactUrl("https://h/v1%2Faccounts%2Facme%2Fm")).toBe("https://h/v1/accounts/[account]/m")
    expect(redactUrl("https://h/v1/accounts%2facme%2fm?q")).toBe("https://h/v1/accounts/[account]/m")
    expect(redactUrl("https://h/v1%2Faccounts%2Ffireworks%2Fm")).toBe("https://h/v1%2Faccounts%2Ffireworks%2Fm")
    expect(["v1%2Faccounts%2Facme%2Fm", "accounts%252Facme%252Fm"].map(withoutAccount)).toEqual(["v1%2Fm", "m"])
  })

  it("redacts the client's accounts in any position and case", () => {
    const secrets = { apiKey: "k-1", accounts: ["acme-corp.eu", "ace"], body: undefined }
    const names = (text: string) => withoutNames(text, secrets)
    expect(names("a%2Facme-corp.eu%2Fb")).toBe("a%2F[account]%2Fb")
    expect(names("\\nacme-corp.eu\\n")).toBe("\\n[account]\\n")
    expect(names("for ACME-Corp.eu, xacme-corp.euy acme-corp.eu-prod")).toBe(
      "for [account], x[account]y [account]-prod"
    )
    expect(names("acme-corpXeu")).toBe("acme-corpXeu")
    // a short name may be a part of a word
    expect(names("ace%2Face%2F \\nace ace-1 ace_1")).toBe(
      "[account]%2F[account]%2F \\n[account] [account]-1 [account]_1"
    )
    expect(names("a place to trace aces")).toBe("a place to trace aces")
  })
})

describe("redaction of request ids", () => {
  const hex = "0123456789abcdef0123456789abcdef"
  const ids = [
    "550e8400-e29b-41d4-a716-446655440000",
    "550E8400-E29B-41D4-A716-446655440000",
    hex,
    `req_${hex}`,
    "req_011CSHoEeqs5C35K2UUqFy7R",
    `chatcmpl-${hex}`,
    "8f2a1b3c4d5e6f70-FRA"
  ]

  it.each(ids)("preserves requestId: %s", (id) => {
    const about = { status: 500, dialect: Dialect.fireworks, now: 0 }
    expect(Classify.answer({ ...about, headers: { "x-request-id": id } }).requestId).toBe(id)
    expect(Classify.answer({ ...about, body: { request_id: id } }).requestId).toBe(id)
    const error = Classify.answer({ ...about, headers: { "x-request-id": id } })
    expect(error.message).toContain(`Request id ${id}.`)
    expect(withoutSecrets(error, { apiKey: "fw_x", accounts: ["acme"], body: undefined })).toBe(error)
  })

  it.each([`sk-${hex}`, `fw_${hex.slice(8)}`, `key-${hex}`, `${hex}${hex}`, "xAKIAABCDEFGHIJKLMNOP"])(
    "omits requestId if it may be a key: %s",
    (id) => {
      expect(Classify.answer({ status: 500, headers: { "x-request-id": id }, now: 0 }).requestId).toBeUndefined()
    }
  )

  it("preserves an id labelled as request id in text, and redacts it elsewhere", () => {
    for (const id of ids.slice(0, 4)) {
      for (const text of [
        `Include the request ID ${id} in your message.`,
        `request_id: "${id}"`,
        `x-request-id=${id}`
      ]) {
        expect(redact(text)).toBe(text)
      }
      expect(redact(`got ${id}`)).toBe("got [redacted]")
    }
    expect(redact(`request id sk-${hex}`)).toBe("request id [redacted]")
  })
})

describe("redaction of other text", () => {
  it.each([
    "accounts/fireworks/models/qwen3-coder-480b-a35b-instruct-fp8",
    "nvidia/Llama-3_3-Nemotron-Super-49B-v1_5 is not deployed",
    "model deepseek-r1-distill-llama-70b-fast-preview-20250528",
    "mistralai/Mixtral-8x22B-Instruct-v0.1",
    "claude-3-5-sonnet-20241022",
    "gpt-4o-mini-realtime-preview-2024-12-17",
    "llama-v3p1-405b-instruct-long-context-128k-preview",
    "the task-queue of disk-based work-arounds, a break-even network-error and risk-adjusted process-groups",
    "npm_config_registry, npm_package_name and primary_pk_column",
    "ASIA-PACIFIC-REGION, ASIAPACIFIC, Eyjafjallajokull",
    "a pattern ^\\w+\\n$ in C:\\temp\\new is at 95%20",
    "100% of 20%, 5%ab",
    "max_tokens must be at most 4096, got 5000",
    "The server had an error while processing your request.",
    "unsupported_parameter_value_error_code_42"
  ])("preserves: %s", (text) => {
    expect(redact(text)).toBe(text)
  })
})

describe("redact", () => {
  it("removes keys when it is applied twice", () => {
    fc.assert(
      fc.property(surroundings, key, surroundings, (before, secret, after) => {
        expect(survives(redact(redact(before + secret + after)), secret)).toBe(false)
      }),
      { numRuns: 1000 }
    )
  })

  // a pattern that backtracks exponentially would exceed the test's timeout
  it("ends for repetitions of any piece in the longest searched text", () => {
    const starts = [
      ...pieces,
      "eyJ",
      "eyJabcdefgh",
      "sk-",
      "xoxb-",
      "AKIA",
      "a1",
      "“",
      "«",
      "key is ",
      "a-1",
      " 'a",
      "a'"
    ]
    for (const piece of starts) {
      for (const other of ["", "-", "_", " ", "'", "\\", "%25"]) {
        const text = (piece + other).repeat(2048).slice(0, 2048)
        for (const shown of [redact(text), redactUrl(`https://h/${text}`)]) expect(shown).toBeTypeOf("string")
      }
    }
  })
})
