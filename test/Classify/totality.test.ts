import { FastCheck as fc, Schema } from "effect"
import { ApiError, Classify, Dialect } from "effect-reliability"
import { describe, expect, it } from "vitest"
import { runs, throwing, withProxies } from "../support/classify.js"

const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.anything({
    maxDepth: 1,
    maxKeys: 3,
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSet: true,
    withTypedArray: true
  }),
  fc.json(),
  fc.string({ unit: "binary" }),
  fc.uint8Array({ maxLength: 64 }),
  fc.constantFrom("revoked proxy", "throwing proxy")
)

// objects with the fields that the classification reads, filled with anything
const lookalike: fc.Arbitrary<unknown> = fc.letrec<{ error: unknown }>((tie) => ({
  error: fc.oneof(
    { maxDepth: 2 },
    hostile,
    fc.record(
      {
        _tag: fc.constantFrom("RequestError", "ResponseError", "ParseError", "TimeoutException", "Fail", "Die"),
        name: fc.oneof(fc.constantFrom("AbortError", "TimeoutError", "TypeError", "SyntaxError"), hostile),
        code: fc.oneof(
          fc.constantFrom("ECONNRESET", "ENOTFOUND", "ETIMEDOUT", "UND_ERR_SOCKET", "CERT_HAS_EXPIRED"),
          hostile
        ),
        syscall: fc.oneof(fc.constantFrom("connect", "getaddrinfo", "read"), hostile),
        reason: fc.oneof(fc.constantFrom("StatusCode", "Transport", "Encode", "Decode"), hostile),
        message: fc.oneof(fc.constantFrom("fetch failed", "terminated"), hostile),
        status: fc.oneof(fc.integer({ min: -5, max: 1005 }), fc.double(), hostile),
        headers: hostile,
        detail: hostile,
        details: hostile,
        errors: hostile,
        issue: tie("error"),
        path: hostile,
        response: tie("error"),
        error: tie("error"),
        cause: tie("error"),
        socket: fc.record({ bytesWritten: hostile, bytesRead: hostile })
      },
      { requiredKeys: [] }
    )
  )
})).error

const isWhole = (error: ApiError.ApiError) => {
  const json = JSON.stringify(Schema.encodeSync(ApiError.ApiError)(error))
  Schema.decodeUnknownSync(ApiError.ApiError)(JSON.parse(json))
  return ApiError.isApiError(error) && new TextEncoder().encode(error.detail ?? "").length <= 1024
}

/** Asserts a property in slices, because vitest gives up a worker that does not respond for a minute. */
const assertInSlices = async <T>(property: fc.IProperty<T>, { numRuns }: { readonly numRuns: number }) => {
  const slices = 50
  for (let slice = 0; slice < slices; slice++) {
    fc.assert(property, { numRuns: runs(numRuns) / slices })
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe("Classify with any input", () => {
  it("returns a valid ApiError from answer", async () => {
    const status = fc.oneof(
      fc.integer({ min: -1, max: 1001 }),
      fc.double(),
      fc.constantFrom(0, 99, 700, Number.NaN, 200, 429, 503)
    )
    const body = fc.oneof(
      hostile,
      lookalike,
      lookalike.map((u) => fc.stringify(u))
    )
    await assertInSlices(
      fc.property(
        status,
        lookalike,
        body,
        fc.double(),
        fc.constantFrom(Dialect.generic, Dialect.fireworks),
        (s, headers, b, now, dialect) =>
          isWhole(
            // the network may send what the types forbid
            Classify.answer({
              status: s,
              headers: withProxies(headers) as Record<string, string>,
              body: withProxies(b),
              now,
              dialect
            })
          )
      ),
      { numRuns: 50_000 }
    )
  })

  // only possible without TypeScript
  const noNumber: ReadonlyArray<unknown> = [
    Symbol("s"),
    1n,
    "429",
    null,
    undefined,
    {},
    [],
    throwing,
    Object.create(null)
  ]

  it.each(noNumber.map((u) => [u]))("ignores an invalid field of a response (%#)", (u) => {
    const body = { error: { code: "c", message: "m" } }
    const found = { code: "c", detail: "m" }
    // the types forbid it
    const answer = (input: object) => Classify.answer(input as Classify.Answer)
    const odd = answer({ status: u, body })
    expect([isWhole(odd), odd]).toMatchObject([true, found])
    expect(odd.status).toBeUndefined()
    const about = answer({ status: 400, body, method: u, url: u })
    expect([isWhole(about), about]).toMatchObject([true, { ...found, status: 400 }])
    expect([about.method, about.url]).toEqual([undefined, undefined])
  })

  it.each(noNumber.map((u) => [u]))("returns a valid ApiError for invalid arguments (%#)", (u) => {
    const input = u as Classify.Answer
    expect(isWhole(Classify.answer(input))).toBe(true)
    expect(isWhole(Classify.exception(new Error("-"), input))).toBe(true)
    const odd = { status: 400, dialect: u, target: u, now: u, headers: u } as Classify.Answer
    expect(isWhole(Classify.answer(odd))).toBe(true)
    expect(isWhole(Classify.exception({ status: 400, headers: {} }, odd))).toBe(true)
  })

  it("returns Unknown, as possibly sent, if nothing can be read", () => {
    const nothing = null as unknown as Classify.Answer
    expect(Classify.answer(nothing)).toMatchObject({ _tag: "Fatal", reason: "Unknown", delivery: "Acknowledged" })
    const cause = new Error("-")
    const thrown = Classify.exception(cause, nothing)
    expect(thrown).toMatchObject({ _tag: "Fatal", reason: "Unknown", delivery: "Unconfirmed" })
    expect(thrown.cause).toBeDefined()
  })

  it("returns a valid ApiError from exception", async () => {
    await assertInSlices(
      fc.property(lookalike, (cause) => isWhole(Classify.exception(withProxies(cause), { now: 0 }))),
      { numRuns: 50_000 }
    )
  })
})
