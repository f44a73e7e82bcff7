/**
 * Exceptions of clients that attach the response (axios, ky, got, ofetch) became `Fatal` `Unknown`. Success responses with an
 * unknown error advised to check the base URL.
 */
import { Duration, Schema } from "effect"
import { ApiError, Classify } from "effect-reliability"
import { describe, expect, it } from "vitest"

const thrown = (name: string, fields: object) => Object.assign(new Error("Request failed"), { name }, fields)

const headers = { "retry-after": "3" }
const body = { error: { code: "DEPLOYMENT_SCALING_UP", message: "Deployment is scaling up." } }
const scalingUp = { reason: "ScalingUp", status: 503, detail: "Deployment is scaling up." }
const unavailable = { reason: "Unavailable", status: 503 }

describe("Classify.exception, with an attached response", () => {
  it.each<[string, unknown, object]>([
    [
      "axios",
      thrown("AxiosError", { code: "ERR_BAD_RESPONSE", response: { status: 503, headers, data: body } }),
      scalingUp
    ],
    ["ky", thrown("HTTPError", { response: new Response("{}", { status: 503, headers }) }), unavailable],
    ["got", thrown("HTTPError", { response: { statusCode: 503, headers, body: JSON.stringify(body) } }), scalingUp],
    ["ofetch", thrown("FetchError", { data: body, response: new Response(null, { status: 503, headers }) }), scalingUp],
    ["a thrown Response", new Response("{}", { status: 503, headers }), unavailable],
    ["a plain object", { status: 503, headers }, unavailable],
    ["a plain object with data", { status: 503, headers, data: body }, scalingUp],
    ["a cause", new Error("x", { cause: thrown("AxiosError", { response: { status: 503, headers } }) }), unavailable]
  ])("reads the response of %s", (_, cause, expected) => {
    const error = Classify.exception(cause, { now: 0 })
    expect(error).toMatchObject({ _tag: "Transient", delivery: "Acknowledged", ...expected })
    expect(error.retryAfter).toEqual(Duration.seconds(3))
  })

  it("ignores a success response whose body failed", () => {
    const reset = thrown("AxiosError", { code: "ECONNRESET", response: { status: 200, headers: {} } })
    expect(Classify.exception(reset, { now: 0 })).toMatchObject({ reason: "ConnectionLost" })
  })

  it("returns an ApiError for hostile getters", () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error("no")
        }
      }
    )
    for (const response of [hostile, { status: 503, headers: hostile, data: hostile }, 1, null, () => 1]) {
      expect(ApiError.isApiError(Classify.exception({ response }, { now: 0 }))).toBe(true)
    }
  })
})

describe("Classify.answer of a success", () => {
  it("reports an unknown error in the body, with advice about the dialect", () => {
    const error = Classify.answer({
      now: 0,
      status: 200,
      body: { error: { code: "flux_lost", message: "The flux is lost." } }
    })
    expect(error).toMatchObject({ _tag: "Fatal", reason: "Unknown", code: "flux_lost", detail: "The flux is lost." })
    expect(error.message).not.toMatch(/base URL|status that means nothing/)
    expect(error.advice).toContain("dialect")
  })

  it("returns Decode for other JSON", () => {
    expect(Classify.answer({ now: 0, status: 200, body: { fine: true } })).toMatchObject({
      _tag: "Fatal",
      reason: "Decode"
    })
  })
})

describe("Classify.answer without now", () => {
  it("ignores only hints that are dates", () => {
    // the type requires `now`, but plain JavaScript does not
    const at = (value: string) =>
      Classify.answer({ status: 503, headers: { "retry-after": value } } as unknown as Classify.Answer).retryAfter
    expect(at("Fri, 01 Jan 2100 00:00:00 GMT")).toBeUndefined()
    expect(at("3")).toEqual(Duration.seconds(3))
  })
})

describe("ApiError.detail", () => {
  it("truncates to 1 KiB of whole characters, when decoded and when constructed", () => {
    const detail = "é".repeat(2000)
    const encoded = { _tag: "Fatal", reason: "Unknown", delivery: "Unconfirmed", attempts: 0, detail }
    const decoded = Schema.decodeUnknownSync(ApiError.ApiError)(encoded)
    const made = new ApiError.Fatal({ reason: "Unknown", delivery: "Unconfirmed", detail })
    for (const error of [decoded, made]) expect(error.detail).toBe("é".repeat(512))
  })
})

describe("ApiError.mayHaveExecuted", () => {
  it.each([400, 401, 403, 404, 405, 413, 422])("returns false for status %d", (status) => {
    const error = Classify.answer({ now: 0, status })
    expect(ApiError.mayHaveExecuted(error)).toBe(false)
    expect(
      ApiError.mayHaveExecuted(new ApiError.Fatal({ reason: "BadRequest", delivery: "Acknowledged", executed: true }))
    ).toBe(true)
  })

  it.each([402, 409, 412, 500, 503])("returns true for status %d", (status) => {
    expect(ApiError.mayHaveExecuted(Classify.answer({ now: 0, status }))).toBe(true)
  })

  it("returns true for BadRequest within a stream that has begun", () => {
    const error = new ApiError.Fatal({ reason: "BadRequest", delivery: "Acknowledged", status: 200 })
    expect(ApiError.mayHaveExecuted(error)).toBe(true)
  })
})
