import { Cause, Effect, FastCheck as fc, Logger, Schema } from "effect"
import { ApiError, Classify, Dialect } from "effect-reliability"
import { inspect } from "node:util"
import { describe, expect, it } from "vitest"
import { chain, codeOf, nameOf, read, reduce } from "../../src/internal/errors.js"
import { clip, isSecret, redact, redactUrl, withoutAccount } from "../../src/internal/redact.js"
import { fireworks, runs, withProxies } from "../support/classify.js"

describe("internal/redact", () => {
  const show = (table: Readonly<Record<string, string>>) => {
    for (const [text, shown] of Object.entries(table)) expect([text, redact(text)]).toEqual([text, shown])
  }
  const keep = (...texts: ReadonlyArray<string>) => {
    for (const text of texts) expect(redact(text)).toBe(text)
  }
  const hole = "[redacted]"

  it("removes a labelled secret and keeps the label", () => {
    show({
      "Authorization: Bearer abc def": `Authorization: ${hole} def`,
      "authorization=basic  abc": `authorization=${hole}`,
      "Authorization : Token abc": `Authorization : ${hole}`,
      "x-api-key: abc": `x-api-key: ${hole}`,
      "the apikey=abc": `the apikey=${hole}`,
      "api_key:abc": `api_key:${hole}`,
      "API key: abc": `API key: ${hole}`,
      "api-key  provided: abc": `api-key  provided: ${hole}`,
      "api key is= abc": `api key is= ${hole}`,
      "accesstoken=abc": `accesstoken=${hole}`,
      "access_token=abc": `access_token=${hole}`,
      "access token: abc": `access token: ${hole}`,
      "token = 'abc'": `token = '${hole}'`,
      'token" : "abc"': `token" : "${hole}"`,
      "secret:abc;rest": `secret:${hole};rest`,
      "password=abc,rest": `password=${hole},rest`,
      "passwd=abc}": `passwd=${hole}}`,
      "cookie: a=b": `cookie: ${hole}`,
      "Bearer abc.d~+/=-x rest": `Bearer ${hole} rest`,
      "a basic  abc rest": `a basic ${hole} rest`
    })
    keep("token abc", "debearer abc1", "the Bearer")
  })

  it("recognizes a label at the end of a longer name", () => {
    for (const label of [
      "client_secret",
      "clientSecret",
      "secret_key",
      "secretKey",
      "secret access-key",
      "aws_secret_access_key",
      "SECRET_KEY",
      "private key",
      "my_token",
      "NPM_TOKEN",
      "refreshToken",
      "DB_PASSWORD",
      "fireworks_api_key",
      "x-goog-api-key",
      "set-cookie",
      `${"a".repeat(32)}-token`
    ]) {
      show({ [`${label}=abc, more`]: `${label}=${hole}, more`, [`the ${label}": "abc"`]: `the ${label}": "${hole}"` })
    }
    keep("secretary: abc", "keys: abc", "key: abc", "max_tokens: 4096", "token_count=7", "cookies: abc", "secrets=abc")
    keep("the secretary is abc", `${"a".repeat(33)}token=abc`)
  })

  it('removes a secret after "is" and keeps words such as "invalid"', () => {
    for (const label of [
      "password",
      "my_password",
      "mypassword",
      "Your API key",
      "api_key",
      "apiKey",
      "client secret-key",
      "passwd",
      "db_password"
    ]) {
      show({
        [`${label} is abc`]: `${label} is ${hole}`,
        [`${label} is: hunter2, again`]: `${label} is: ${hole}, again`,
        [`the ${label}" is  "hunter2"`]: `the ${label}" is  "${hole}"`,
        [`${label} is invalid-abc1`]: `${label} is ${hole}`,
        [`${label} is`]: `${label} is`
      })
      for (const wrong of ["invalid", "not valid.", "missing", "required", "Expired, sorry", "rate-limited", "wrong"]) {
        keep(`${label} is ${wrong}`)
      }
    }
    keep(
      "the token is invalid",
      "the token is abc",
      "the secret is out",
      "this is abc",
      "passwords is abc",
      "key is abc"
    )
  })

  it("removes words that look like keys", () => {
    const prefixes = ["fw", "fpk", "sk", "pk", "rk", "ak", "gsk", "xai", "hf", "ghp", "gho", "ghs", "pplx", "sess"]
    for (const prefix of prefixes) show({ [`a ${prefix}_ab*d b`]: `a ${hole} b`, [`${prefix}-abcd`]: hole })
    show({
      "at AIzaabcdefgh": `at ${hole}`,
      "AKIAabcd.234": hole,
      "eyJabc.d*-1 x": `${hole} x`,
      eyJabcdefgh: hole,
      [`a ${"b".repeat(31)}1 c`]: `a ${hole} c`,
      [`7${"b_-".repeat(11)}`]: hole,
      [`${"b".repeat(64)}1`]: hole
    })
    keep(
      "sk-abc",
      "task-abcd",
      "eyJabcdefg",
      "XeyJabcdefgh1",
      `1${"b".repeat(30)}`,
      "b".repeat(32),
      `${"b".repeat(65)}1`
    )
  })

  it("removes credentials and query from links", () => {
    show({
      "at https://me:pw@h.example:8080/p?q=1#f now": "at https://h.example:8080/p now",
      "wss://h/p#f": "wss://h/p",
      "h2+x.y-z://h?q": "h2+x.y-z://h",
      "https://u@h?": "https://h",
      "https://u@h/p now": "https://h/p now"
    })
    keep("see http://h.example/a/b for more")
  })

  it("removes names of accounts, except the provider's own", () => {
    show({
      "accounts/acme/models/m": "accounts/[account]/models/m",
      "'accounts/acme'": "'accounts/[account]'",
      "accounts/a,b": "accounts/[account],b",
      "accounts/fireworks-acme/x": "accounts/[account]/x",
      "Account acme-42 is suspended": "Account [account] is suspended",
      "my accounts acme": "my accounts [account]",
      "account  acme": "account  [account]",
      "account: acme": "account: [account]",
      "account=acme@b.c": "account=[account]",
      "account id acme": "account id [account]",
      "accountid acme": "accountid [account]",
      "account_id : acme": "account_id : [account]",
      "account-name 'acme'": "account-name '[account]'",
      'account" "acme"': 'account" "[account]"',
      "account `acme`": "account `[account]`",
      "organization acme": "organization [account]",
      "organisations acme": "organisations [account]",
      "workspace acme": "workspace [account]",
      "tenant acme": "tenant [account]",
      "tenantname acme": "tenantname [account]",
      "account is-x": "account [account]",
      "account is@x": "account [account]",
      "account is.x": "account [account]",
      "an org-abcd": "an [account]",
      acct_abcd: "[account]",
      "proj-abcd": "[account]",
      "user-abcd x": "[account] x",
      "mail a.b+c-d@h-x.example.org now": `mail ${hole} now`,
      "a@b.c": hole
    })
    keep("accounts/fireworks/models/m", "accounts/fireworks.", "subaccounts/acme/x", "subaccount acme", "tenantry acme")
    keep("account is suspended", "account is.", "account id", "accounts", "user-abc", "myuser-abcd", "a@b")
  })

  it("removes quoted prose and keeps quoted names", () => {
    show({
      'got "two words" there': `got ${hole} there`,
      'got "never ends': `got ${hole}`,
      "got `two words` there": `got ${hole} there`,
      "got `never ends": `got ${hole}`,
      "got “two words” there": `got ${hole} there`,
      "got “never ends": `got ${hole}`,
      "got «two words» there": `got ${hole} there`,
      "got «never ends": `got ${hole}`,
      "got 'two words' there": `got ${hole} there`,
      "got 'two won't do' there": `got ${hole} there`,
      "got 'it's two' there": `got ${hole} there`,
      "got 'never ends": `got ${hole}`,
      '"one" and "two words"': `"one" and ${hole}`,
      '" " x': `${hole} x`,
      "` ` x": `${hole} x`,
      "' ' x": `${hole} x`,
      "“ ” x": `${hole} x`,
      "« » x": `${hole} x`
    })
    keep(
      'got "one" there',
      "got `one` there",
      "got “one” there",
      "got «one» there",
      "got 'one' there",
      "it's one, isn't it"
    )
    keep('a"two words" there')
  })

  it("removes the text after a brace or the label of a prompt", () => {
    show({
      'bad {"a":1}': `bad ${hole}`,
      "bad [1,2:\n3": `bad ${hole}`,
      "bad {'a'} more": `bad ${hole}`,
      "bad [1 2": `bad ${hole}`,
      [`{${"x".repeat(200)}:`]: hole,
      "prompt: tell me": `prompt: ${hole}`,
      "the prompts = tell\nme": `the prompts = ${hole}`,
      "prompt was tell me": `prompt was ${hole}`,
      "input was tell": `input was ${hole}`,
      "content was tell": `content was ${hole}`,
      "instruction was tell": `instruction was ${hole}`,
      "input: tell": `input: ${hole}`,
      "inputs:tell": `inputs:${hole}`,
      "content: tell": `content: ${hole}`,
      "contents: tell": `contents: ${hole}`,
      "messages: tell": `messages: ${hole}`,
      "instruction: tell": `instruction: ${hole}`,
      "instructions: tell": `instructions: ${hole}`,
      "'prompt' : tell": `'prompt' : ${hole}`,
      "prompt is 'tell'": `prompt is ${hole}`,
      'prompt is:  "tell"': `prompt is:  ${hole}`,
      "prompt is`tell`": `prompt is${hole}`
    })
    keep("bad [x] y", "bad {x} y", `{${"x".repeat(201)}:`, "prompt is long", "The prompt tokens", "myprompt: tell")
    keep("prompt wasted", "message: tell")
  })

  it("reduces text to one line of at most 2048 characters, in whole words", () => {
    show({
      "  plain words.  ": "plain words.",
      " 2 words ": "2 words",
      "a\u0000\u001b\u2028b\u202ec\ufffd\u2029d": "a b c d",
      [`${"x ".repeat(1023)}ab`]: `${"x ".repeat(1023)}ab`,
      [`${"x ".repeat(1023)}abc`]: "x ".repeat(1023).trim(),
      [`${"1 ".repeat(1023)}abc`]: "1 ".repeat(1023).trim(),
      ["1 ".repeat(2000)]: "1 ".repeat(1024).trim()
    })
  })

  it("keeps a valid URL up to its query", () => {
    const table: ReadonlyArray<readonly [string, string | undefined]> = [
      ["https://me:pw@h:8/v1/accounts/a/m?q#f", "https://h:8/v1/accounts/[account]/m"],
      ["HTTP://h", "HTTP://h"],
      ["https://a@b@h/p", "https://h/p"],
      ["https://@h/p q", "https://h/p"],
      ["https://h#f", "https://h"],
      ["https://h?q", "https://h"],
      ["https://h/fw_abcd/x", "https://h/[redacted]/x"],
      [`https://h/${"a1".repeat(16)}`, "https://h/[redacted]"],
      [`https://h/${"a ".repeat(2000)}`, "https://h/a"],
      [`https://h/${"/".repeat(3000)}`, `https://h/${"/".repeat(2038)}`],
      ["ftp://h/p", undefined],
      ["xhttps://h", undefined],
      ["https:///p", undefined],
      ["https://a@", undefined]
    ]
    for (const [url, shown] of table) expect([url, redactUrl(url)]).toEqual([url, shown])
  })

  it("removes accounts from names, except the provider's own", () => {
    const names = ["accounts/a/models/m", "accounts%2Fa%2Fm", "x/Accounts/a/y/accounts/b/z", "accounts/fireworksx/m"]
    expect(names.map(withoutAccount)).toEqual(["models/m", "m", "x/y/z", "m"])
    expect(withoutAccount("accounts/a")).toBe("")
    for (const name of ["accounts/fireworks/m", "accounts/fireworks%2fm", "accounts/fireworks", "subaccounts/a/m"]) {
      expect(withoutAccount(name)).toBe(name)
    }
  })

  it("distinguishes keys from words", () => {
    for (const word of ["fw_abcd", "org-abcd", "eyJabcdefgh"]) expect([word, isSecret(word)]).toEqual([word, true])
    for (const word of ["ECONNRESET", "model-x", "xfw_abcd"]) expect([word, isSecret(word)]).toEqual([word, false])
  })

  it("truncates text to a number of bytes, in whole characters", () => {
    const table: ReadonlyArray<readonly [text: string, bytes: number, clipped: string]> = [
      ["aaaa", 3, "aaa"],
      ["aaaa", 4, "aaaa"],
      ["éé", 3, "é"],
      ["€€", 5, "€"],
      ["€€", 6, "€€"],
      ["😀", 3, ""]
    ]
    for (const [text, bytes, clipped] of table) expect(clip(text, bytes)).toBe(clipped)
  })
})

describe("internal/errors", () => {
  const revoked = withProxies("revoked proxy")

  it("reads a property if possible", () => {
    expect([{ a: 1 }, Object.assign(() => 1, { a: 1 })].map((u) => read(u, "a"))).toEqual([1, 1])
    expect([null, undefined, "aa", 1, revoked, {}].map((u) => read(u, "length"))).toEqual(Array(6).fill(undefined))
  })

  class APIError extends Error {}
  class Sk_abcdef extends Error {}

  it.each<[unknown, string | undefined]>([
    [{ _tag: "Tagged", name: "Named" }, "Tagged"],
    [{ name: "Named" }, "Named"],
    [{ _tag: "two words", name: "$named_1" }, "$named_1"],
    [{ _tag: 5 }, "Object"],
    [new APIError(), "APIError"],
    [new TypeError(), "TypeError"],
    [new Error(), "Error"],
    [Object.assign(new APIError(), { name: "Named" }), "Named"],
    [new Sk_abcdef(), "Error"],
    [Object.assign(Object.create(null), { name: "Error" }), "Error"],
    [{ name: "a".repeat(64) }, "a".repeat(64)],
    [{ name: "a".repeat(65) }, "Object"],
    [{ name: "sk-abcdef" }, "Object"],
    [{ name: "1a" }, "Object"],
    [{ name: "a " }, "Object"]
  ])("returns only a valid name (%#)", (exception, name) => {
    expect(nameOf(exception)).toBe(name)
  })

  it("returns no name for a revoked proxy", () => {
    expect(nameOf(revoked)).toBeUndefined()
  })

  it("returns only a valid code", () => {
    const long = `A${"B1".repeat(20)}`
    const good = [
      "ECONNRESET",
      "E",
      "A/B_1",
      "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION/1",
      `HPE_${long}`,
      `UND_ERR_${long}_X`
    ]
    for (const code of [...good, "A".repeat(64)]) expect([code, codeOf({ code })]).toEqual([code, code])
    const bad = [
      "econnreset",
      "1A",
      "a E",
      "E a",
      "",
      5,
      ["E"],
      long,
      `X_ERR_${long}`,
      `ERR_${long}__X`,
      `ERR_${long}_`,
      `ERR_`
    ]
    for (const code of [...bad.slice(0, -1), "A".repeat(65)])
      expect([code, codeOf({ code })]).toEqual([code, undefined])
  })

  it("lists the chain of causes, outermost first", () => {
    const leaf = (name: string) => ({ name })
    const [a, b, c] = [leaf("a"), leaf("b"), leaf("c")]
    const members = (u: unknown) => chain(u).slice(1)
    expect(members({ cause: a, errors: [b, c, leaf("d")] })).toEqual([a, b, c])
    expect(members({ _tag: "Fail", error: a, defect: b })).toEqual([a])
    expect(members({ _tag: "Die", error: a, defect: b })).toEqual([b])
    expect(members({ _tag: "Sequential", left: a, right: b })).toEqual([a, b])
    expect(members({ _tag: "Parallel", left: a, right: b })).toEqual([a, b])
    expect(members({ _tag: "Other", error: a, defect: b, left: a, right: b })).toEqual([])
    expect(members({ cause: null, errors: ["text", undefined, a] })).toEqual([])
    expect(members({ cause: 5 })).toEqual([5])
    expect(members(revoked)).toEqual([])
  })

  it("limits the length of the chain of causes, circular ones included", () => {
    const nested = (depth: number): unknown => (depth === 0 ? {} : { cause: nested(depth - 1) })
    expect([15, 16, 40].map((depth) => chain(nested(depth)).length)).toEqual([16, 17, 17])
    const shown = (depth: number) => String(reduce(nested(depth))).split(" ← ").length
    expect([15, 16, 40].map(shown)).toEqual([16, 16, 16])
    const tail: { cause?: unknown } = {}
    tail.cause = tail
    expect(chain(tail)).toEqual([tail])
  })

  it("reduces an exception to names and codes", () => {
    const inner = Object.assign(new Error("psst"), { code: "ECONNRESET" })
    const origin = reduce(new TypeError("psst", { cause: inner }))
    expect(String(origin)).toBe("TypeError ← Error (ECONNRESET)")
    expect(Object.keys(origin ?? {})).toEqual(["name", "cause"])
    expect(Object.keys(origin?.cause ?? {})).toEqual(["name", "code"])
    expect(reduce(origin)).toBe(origin)
    expect(["text", 5, revoked].map((u) => String(reduce(u)))).toEqual(["string", "number", "object"])
    expect([undefined, null].map(reduce)).toEqual([undefined, undefined])
  })
})

// Secrets, and the places where servers and clients put them
const key = fc.stringMatching(/^(fw_|sk-|sk-proj-|fpk_)[A-Za-z0-9]{16,40}$/)
const account = fc.stringMatching(/^[a-z]{4,8}-[a-z0-9]{4,8}zq$/)
const prompt = fc.stringMatching(/^Tell me about [a-z]{4,9} and [a-z]{4,9}zq$/)

const answers: ReadonlyArray<(s: { key: string; account: string; prompt: string }) => unknown> = [
  (s) => ({
    error: { message: `Incorrect API key provided: ${s.key}. Account ${s.account} is suspended.`, code: s.key }
  }),
  (s) => ({
    error: { message: `The model accounts/${s.account}/models/m got "${s.prompt}"`, type: s.key, param: s.prompt }
  }),
  (s) => ({
    detail: [{ loc: ["body", s.prompt], msg: `unexpected value '${s.prompt}'`, input: s.prompt, ctx: { given: s.key } }]
  }),
  (s) => ({ error: `Bearer ${s.key} of account ${s.account} may not`, request: { messages: [{ content: s.prompt }] } }),
  (s) => ({ error: { message: `invalid body: {"messages":[{"role":"user","content":"${s.prompt}"}]}` } }),
  (s) => ({ error: { message: `Authorization: Bearer ${s.key}, prompt: ${s.prompt}`, details: [{ reason: s.key }] } }),
  (s) => `<html><title>Error for ${s.key}</title><body>${s.prompt} ${s.account}</body>`,
  (s) => `{"error":{"message":"rejected 'input': ${s.prompt}","code":"${s.key}","acc`,
  (s) => ({ message: `https://user:${s.key}@api.example/v1/accounts/${s.account}/x?api_key=${s.key} failed` }),
  (s) => ({ error: { message: `${"x ".repeat(1000)}${s.key}${"y".repeat(300)}` }, request_id: s.key })
]

const causes: ReadonlyArray<(s: { key: string; account: string; prompt: string }) => unknown> = [
  (s) => new Error(`${s.key} ${s.account} ${s.prompt}`, { cause: new TypeError(s.prompt) }),
  (s) =>
    Object.assign(new Error(s.prompt), {
      code: s.key,
      name: s.key,
      headers: { authorization: s.key },
      config: { data: s.prompt }
    }),
  (s) => ({
    _tag: "RequestError",
    reason: "Transport",
    request: { method: "POST", url: `https://h/v1/accounts/${s.account}?k=${s.key}`, body: s.prompt },
    cause: new Error(s.key)
  }),
  (s) => ({
    status: 429,
    headers: { "x-request-id": s.key },
    error: { message: `account ${s.account} used ${s.key}`, code: s.key }
  }),
  (s) => `${s.key} ${s.prompt} ${s.account}`
]

describe("a classified error", () => {
  const logged = (error: ApiError.ApiError) => {
    const lines: Array<string> = []
    const capture = Logger.make((options) => {
      lines.push(
        Logger.logfmtLogger.log(options),
        Logger.stringLogger.log(options),
        JSON.stringify(Logger.structuredLogger.log(options))
      )
    })
    Effect.runSync(
      Effect.logError("failed", Cause.fail(error), error).pipe(
        Effect.provide(Logger.replace(Logger.defaultLogger, capture))
      )
    )
    return lines
  }

  const everywhere = (error: ApiError.ApiError) => [
    error.message,
    error.stack ?? "",
    JSON.stringify(error),
    JSON.stringify(Schema.encodeSync(ApiError.ApiError)(error)),
    Cause.pretty(Cause.fail(error), { renderErrorCause: true }),
    inspect(error, { depth: 10, showHidden: true }),
    ...logged(error)
  ]

  const leaks = (error: ApiError.ApiError, planted: { key: string; account: string; prompt: string }) =>
    everywhere(error).flatMap((text) => Object.values(planted).filter((secret) => text.includes(secret)))

  it("does not reveal secrets of a response", () => {
    fc.assert(
      fc.property(
        fc.record({ key, account, prompt }),
        fc.constantFrom(...answers),
        fc.boolean(),
        (planted, place, text) => {
          const body = place(planted)
          const error = fireworks(400, text && typeof body === "object" ? JSON.stringify(body) : body, {
            headers: { "x-request-id": planted.key, "retry-after": planted.key },
            url: `https://api.fireworks.ai/v1/accounts/${planted.account}/${planted.key}?q=${planted.prompt}`,
            method: planted.key
          })
          expect(leaks(error, planted)).toEqual([])
        }
      ),
      { numRuns: runs(2000) }
    )
  })

  it("does not reveal secrets of a cause", () => {
    fc.assert(
      fc.property(fc.record({ key, account, prompt }), fc.constantFrom(...causes), (planted, place) => {
        const error = Classify.exception(place(planted), { now: 0, dialect: Dialect.fireworks })
        expect(leaks(error, planted)).toEqual([])
        expect(leaks(ApiError.settle(error, 3), planted)).toEqual([])
      }),
      { numRuns: runs(2000) }
    )
  })

  it("keeps messages without secrets", () => {
    const detail = (message: string) => fireworks(400, { error: { message } }).detail
    expect(detail("max_tokens must be at most 4096, got 5000")).toBe("max_tokens must be at most 4096, got 5000")
    expect(detail('Unknown parameter: "top_q"')).toBe('Unknown parameter: "top_q"')
    expect(detail("Model accounts/fireworks/models/llama-v3 not found")).toBe(
      "Model accounts/fireworks/models/llama-v3 not found"
    )
    expect(detail("Your account's rate limit was exceeded")).toBe("Your account's rate limit was exceeded")
    expect(detail("The input is too long (9000 tokens)")).toBe("The input is too long (9000 tokens)")
    expect(detail("invalid_request_error: api_error")).toBe("invalid_request_error: api_error")
  })

  // a pattern that backtracks over all of one of these would not end within the runner's limit
  it("searches hostile text to its end", () => {
    for (const piece of ["{", "'a ", '"', "a@", "accounts ", "a-", "https://", "prompt", "eyJ", "\u0000", "key: "]) {
      const text = piece.repeat(8000)
      expect(fireworks(400, { error: { message: text } }).detail?.length ?? 0).toBeLessThan(text.length)
    }
  })
})
