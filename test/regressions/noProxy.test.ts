/**
 * `NO_PROXY` did not follow the rules of curl: subdomains, IPv6 addresses without brackets and subnets were not exempt.
 */
import { describe, it } from "@effect/vitest"
import { beforeEach, expect, vi } from "vitest"
import { environmentProxy } from "../../src/node/internal/environmentProxy.js"

beforeEach(() => {
  vi.unstubAllEnvs()
  for (const name of ["http_proxy", "https_proxy", "all_proxy", "no_proxy"]) {
    vi.stubEnv(name, "")
    vi.stubEnv(name.toUpperCase(), "")
  }
  vi.stubEnv("http_proxy", "http://proxy.test:1")
})

// the results of curl 7.88, except where noted
const cases: ReadonlyArray<readonly [list: string, url: string, how: "direct" | "proxied"]> = [
  ["example.test", "http://example.test/", "direct"],
  ["example.test", "http://a.example.test/", "direct"],
  ["example.test", "http://bexample.test/", "proxied"],
  ["ample.test", "http://example.test/", "proxied"],
  [".example.test", "http://example.test/", "direct"],
  [".example.test", "http://a.example.test/", "direct"],
  [".example.test", "http://bexample.test/", "proxied"],
  ["example.test.", "http://example.test/", "direct"],
  ["example.test", "http://example.test./", "direct"],
  ["EXAMPLE.test", "http://example.TEST/", "direct"],
  ["a.test, example.test", "http://example.test/", "direct"],
  ["a.test b.test\texample.test", "http://example.test/", "direct"],
  ["a.test,,", "http://example.test/", "proxied"],
  [".", "http://example.test/", "proxied"],
  ["*", "http://example.test/", "direct"],
  ["127.0.0.1", "http://127.0.0.1:4/", "direct"],
  ["0.0.1", "http://127.0.0.1/", "proxied"],
  ["127.0.0.0/8", "http://127.0.0.1/", "direct"],
  ["128.0.0.0/8", "http://127.0.0.1/", "proxied"],
  ["127.0.0.1/33", "http://127.0.0.1/", "proxied"],
  ["127.0.0.1/x", "http://127.0.0.1/", "proxied"],
  ["::1", "http://[::1]:4/", "direct"],
  ["::2", "http://[::1]/", "proxied"],
  ["fe80::/10", "http://[fe80::1]/", "direct"],
  ["fe80::/10", "http://127.0.0.1/", "proxied"],
  // forms that curl does not support
  ["[::1]", "http://[::1]/", "direct"],
  ["[::1]:80", "http://[::1]/", "direct"],
  ["[::1]:81", "http://[::1]/", "proxied"],
  ["0:0::1", "http://[::1]/", "direct"],
  ["a.test,*", "http://example.test/", "direct"],
  ["*.example.test", "http://a.example.test/", "direct"],
  ["*.example.test", "http://example.test/", "proxied"],
  ["example.test:80", "http://example.test/", "direct"],
  ["example.test:81", "http://example.test/", "proxied"],
  ["example.test:443", "https://a.example.test/", "direct"]
]

describe("NO_PROXY", () => {
  for (const [list, url, how] of cases) {
    it(`${how === "direct" ? "exempts" : "does not exempt"} ${url} with ${JSON.stringify(list)}`, () => {
      vi.stubEnv("https_proxy", "http://proxy.test:1")
      vi.stubEnv("NO_PROXY", list)
      expect(environmentProxy(new URL(url))).toEqual(how === "direct" ? undefined : new URL("http://proxy.test:1"))
    })
  }
})

describe("environmentProxy", () => {
  it("returns the proxy of the scheme, or else the proxy for all schemes, and prefers lower-case names", () => {
    const of = (url: string) => String(environmentProxy(new URL(url)))
    expect(of("https://a.test")).toBe("undefined")
    vi.stubEnv("ALL_PROXY", "http://all.test")
    vi.stubEnv("HTTP_PROXY", "http://upper.test")
    expect([of("http://a.test"), of("https://a.test")]).toEqual(["http://proxy.test:1/", "http://all.test/"])
    vi.stubEnv("HTTPS_PROXY", "https://upper.test")
    vi.stubEnv("http_proxy", "")
    expect([of("http://a.test"), of("https://a.test")]).toEqual(["http://upper.test/", "https://upper.test/"])
  })

  it("reads a proxy without a scheme as plain HTTP", () => {
    vi.stubEnv("https_proxy", "user:secret@proxy.test:1")
    expect(environmentProxy(new URL("https://a.test"))).toEqual(new URL("http://user:secret@proxy.test:1"))
  })

  it("returns text that is not the URL of a proxy unchanged", () => {
    for (const text of ["socks5://proxy.test", "http://["]) {
      vi.stubEnv("http_proxy", text)
      expect(environmentProxy(new URL("http://a.test"))).toBe(text)
    }
  })
})
