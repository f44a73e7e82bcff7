import { Classify, Dialect } from "effect-reliability"
import { createServer } from "node:http"
import { Agent, request } from "undici"
import { type Comparison, timed } from "./harness.js"

const body =
  '{"error":{"object":"error","type":"invalid_request_error","code":"invalid_request_error","message":"rate limit exceeded, please try again later"}}'

const headers = {
  "content-type": "application/json",
  "content-length": String(body.length),
  "retry-after": "2",
  "x-request-id": "8f14e45f-ceea-467f-a0e6-b1a0d2f3c4b5",
  "x-ratelimit-limit-tokens-generated": "36000",
  "x-ratelimit-remaining-tokens-generated": "0"
}

const subject = timed("Classify.answer, a typical 429", 2000, (times) => {
  for (let i = 0; i < times; i++) {
    Classify.answer({
      status: 429,
      headers,
      body,
      dialect: Dialect.fireworks,
      now: 0,
      method: "POST",
      url: "https://api.fireworks.ai/inference/v1/chat/completions"
    })
  }
})

/** What the classification of a 429 adds to the round trip that brought it. */
export const classify = async (use: (comparisons: ReadonlyArray<Comparison>) => Promise<void>): Promise<void> => {
  const server = createServer((incoming, answer) => {
    incoming.resume().on("end", () => answer.writeHead(429, headers).end(body))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`
  const dispatcher = new Agent({ connections: 1 })
  const sent = { method: "POST", body: '{"model":"m"}' } as const
  const byFetch = timed("fetch over loopback", 100, async (times) => {
    for (let i = 0; i < times; i++) await (await fetch(url, sent)).text()
  })
  const byUndici = timed("undici request over loopback", 100, async (times) => {
    for (let i = 0; i < times; i++) await (await request(url, { ...sent, dispatcher })).body.text()
  })
  try {
    await use([
      { subject, rival: byFetch, unit: "µs", bound: 0.02 },
      { subject, rival: byUndici, unit: "µs" }
    ])
  } finally {
    await dispatcher.close()
    server.closeAllConnections()
    server.close()
  }
}
