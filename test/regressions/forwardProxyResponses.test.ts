/**
 * Responses of a forward proxy itself counted as responses of the server, so a client counted more requests than the server.
 */
import { HttpClient } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Accounting, type ApiError, Classify, Dialect, ReliableHttpClient, Retry, Workload } from "effect-reliability"
import { Transport } from "effect-reliability/node"
import { expect } from "vitest"
import { read } from "../support/project.js"
import { bare } from "../support/proxy.js"

interface Capture {
  readonly proxy: string
  readonly does: string
  readonly seen: boolean
  readonly head: string
  readonly body: string
}

const captures: ReadonlyArray<Capture> = read("test/support/proxyResponses.txt")
  .split(/^# /m)
  .slice(1)
  .map((block) => {
    const [, title = "", head = "", body = ""] = /^(.*)\n([^]*?)\n\n([^]*)$/.exec(block.trim()) ?? []
    const [proxy = "", does = "", seen] = title.split(" | ")
    return { proxy, does, seen: seen === "seen", head, body }
  })

const http = (head: string, body = ""): string =>
  `${head.replaceAll("\n", "\r\n")}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`

/** Replays responses by the number that the path names. */
const replay = (responses: ReadonlyArray<string>) =>
  bare((socket) =>
    socket.once("data", (chunk: Buffer) => {
      const [, number = ""] = /^GET http:\/\/[^/]+\/(\d+) HTTP\/1\.1\r\n/.exec(chunk.toString("latin1")) ?? []
      socket.end(responses[Number(number)] ?? "", "latin1")
    })
  )

const server = "http://127.0.0.1:18080"

const workload = Workload.make({
  name: "test",
  timeouts: { attempt: "10 seconds" },
  retry: Retry.make({ attempts: 1 })
})

const behind = (responses: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { origin } = yield* replay(responses)
    return yield* Transport.make({ proxy: origin })
  })

const errorOf = (response: string) =>
  Effect.gen(function* () {
    const client = ReliableHttpClient.make(yield* behind([response]), { workload, dialect: Dialect.fireworks })
    return yield* Effect.flip(client.get(`${server}/0`))
  }).pipe(Effect.scoped)

const verdict = ({ _tag, delivery, reason }: ApiError.ApiError): string => `${_tag} ${reason} ${delivery}`

const expected: Record<string, Record<string, string>> = {
  squid: {
    "asks for credentials": "Fatal ProxyRefused NotSent",
    "denies the URL": "Fatal ProxyRefused NotSent",
    "cannot connect": "Transient Unavailable Unconfirmed",
    "waits in vain for the response": "Transient GatewayTimeout Unconfirmed",
    "loses the connection to the server": "Transient BadGateway Unconfirmed",
    "forwards 403": "Fatal Forbidden Unconfirmed",
    "forwards 429": "RateLimit RateExceeded Unconfirmed",
    "forwards 503": "Transient Unavailable Unconfirmed"
  },
  "squid, via off": {
    "denies the URL": "Fatal ProxyRefused NotSent",
    "cannot connect": "Transient Unavailable Unconfirmed",
    "forwards 403": "Fatal Forbidden Acknowledged",
    "forwards 503": "Transient Unavailable Acknowledged"
  },
  tinyproxy: {
    "asks for credentials": "Fatal ProxyRefused NotSent",
    "denies the URL": "Fatal ProxyRefused NotSent",
    "cannot connect": "Transient ServerError Unconfirmed",
    "forwards 503": "Transient Unavailable Unconfirmed"
  },
  haproxy: {
    "denies the URL": "Fatal Forbidden Unconfirmed",
    "cannot connect": "Transient Unavailable Unconfirmed",
    "waits in vain for the response": "Transient GatewayTimeout Unconfirmed",
    "forwards 503": "Transient Unavailable Acknowledged"
  },
  privoxy: {
    "denies the URL": "Fatal Forbidden Unconfirmed",
    "loses the connection to the server": "Transient BadGateway Unconfirmed"
  },
  apache: {
    "cannot connect": "Transient Unavailable Unconfirmed",
    "forwards 403": "Fatal Forbidden Acknowledged"
  },
  "apache, ProxyVia On": {
    "asks for credentials": "Fatal ProxyRefused NotSent",
    "forwards 503": "Transient Unavailable Unconfirmed"
  }
}

describe("plain HTTP through a forward proxy", () => {
  for (const [proxy, byAct] of Object.entries(expected)) {
    for (const [does, what] of Object.entries(byAct)) {
      it.live(`reports ${what} if ${proxy} ${does}`, () =>
        Effect.gen(function* () {
          const capture = captures.find((candidate) => candidate.proxy === proxy && candidate.does === does)
          if (capture === undefined) throw new Error("not captured")
          expect(verdict(yield* errorOf(http(capture.head, capture.body)))).toBe(what)
        })
      )
    }
  }

  for (const proxy of new Set(captures.map((capture) => capture.proxy))) {
    it.live(`counts one attempt for each request, with a possible delivery, behind ${proxy}`, () =>
      Effect.gen(function* () {
        const own = captures.filter((capture) => capture.proxy === proxy)
        const transport = yield* behind(own.map(({ body, head }) => http(head, body)))
        const client = ReliableHttpClient.make(transport, { workload })
        for (const [index, { does, seen }] of own.entries()) {
          const accounting = yield* Accounting.make()
          yield* Effect.ignore(client.get(`${server}/${index}`)).pipe(Accounting.count(accounting))
          const { rows } = yield* accounting.snapshot
          const [delivery, ...more] = rows.flatMap((row) => (row.of === "attempt" ? [row.delivery] : []))
          expect(more).toEqual([])
          const possible = seen ? ["Acknowledged", "Unconfirmed"] : ["NotSent", "Unconfirmed"]
          expect(possible, does).toContain(delivery)
        }
      }).pipe(Effect.scoped)
    )
  }

  const synthetic: ReadonlyArray<readonly [response: string, verdict: string]> = [
    ["407 No", "Fatal ProxyRefused NotSent"],
    ["403 No\nProxy-Authenticate: Basic", "Fatal ProxyRefused NotSent"],
    ["403 No\nProxy-Status: p; error=http_request_denied", "Fatal ProxyRefused NotSent"],
    ["429 No\nProxy-Status: cdn, p; error=connection_limit_reached", "RateLimit RateExceeded NotSent"],
    ["502 No\nProxy-Status: p; error=destination_unavailable", "Transient BadGateway Unconfirmed"],
    // a proxy in front of the server failed, and ours forwarded that
    [
      "502 No\nContent-Type: application/json\nProxy-Status: cdn; error=proxy_internal_error, p",
      "Transient BadGateway Acknowledged"
    ],
    [
      "502 No\nContent-Type: application/json\nProxy-Status: p; received-status=502; error=proxy_internal_error",
      "Transient BadGateway Acknowledged"
    ],
    ["502 No\nContent-Type: application/json\nVia: 1.1 p", "Transient BadGateway Unconfirmed"],
    ["502 No\nContent-Type: application/problem+json", "Transient BadGateway Acknowledged"],
    ["502 No\nContent-Type: text/plain", "Transient BadGateway Unconfirmed"],
    ["504 No", "Transient GatewayTimeout Unconfirmed"]
  ]
  for (const [response, what] of synthetic) {
    it.live(`reports ${what} for ${response.replaceAll("\n", ", ")}`, () =>
      Effect.gen(function* () {
        expect(verdict(yield* errorOf(http(`HTTP/1.1 ${response}`)))).toBe(what)
      })
    )
  }

  it.live("reports the delivery through a filtering client, and for a response passed to Classify.exception", () =>
    Effect.gen(function* () {
      const transport = yield* behind([http("HTTP/1.1 407 No"), http("HTTP/1.1 502 No\nVia: 1.1 p")])
      const filtered = HttpClient.filterStatusOk(transport)
      const clients: ReadonlyArray<HttpClient.HttpClient.With<unknown>> = [
        filtered,
        ReliableHttpClient.make(filtered, { workload })
      ]
      for (const client of clients) {
        for (const [index, delivery] of ["NotSent", "Unconfirmed"].entries()) {
          const cause = yield* Effect.flip(client.get(`${server}/${index}`))
          expect(Classify.exception(cause, { now: 0 }).delivery).toBe(delivery)
        }
      }
      expect(Classify.exception(yield* transport.get(`${server}/0`), { now: 0 }).delivery).toBe("NotSent")
    }).pipe(Effect.scoped)
  )
})

it.live("reports Acknowledged for all responses without a proxy", () =>
  Effect.gen(function* () {
    for (const { body, head } of captures) {
      const { origin } = yield* bare((socket) => socket.once("data", () => socket.end(http(head, body))))
      const client = ReliableHttpClient.make(yield* Transport.make({ proxy: "none" }), { workload })
      const delivery = yield* Effect.match(client.get(origin), {
        onFailure: (error) => error.delivery,
        onSuccess: () => "Acknowledged"
      })
      expect(delivery).toBe("Acknowledged")
    }
  }).pipe(Effect.scoped)
)
