/**
 * A process that answers every HTTP/1.1 request with events of a chat, each in a chunk of its own, and `[DONE]`: as many as
 * the first part of the path says. It does as little as a server can. It sends its port to its parent, and ends with it.
 */
import { createServer } from "node:net"

const event = (n: number): string =>
  `data: ${JSON.stringify({
    id: "chatcmpl-8f14e45f-ceea-467f-a0e6-b1a0d2f3c4b5",
    object: "chat.completion.chunk",
    created: 1_790_000_000,
    model: "accounts/fireworks/models/llama-v3p1-8b-instruct",
    choices: [{ index: 0, delta: { content: ` word${n}` }, finish_reason: null }],
    usage: null
  })}\n\n`

const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

const answers = new Map<number, Buffer>()

const answerOf = (events: number): Buffer => {
  const known = answers.get(events)
  if (known !== undefined) return known
  const chunks = Array.from({ length: events }, (_, n) => chunk(event(n)))
  const answer = Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n${chunks.join("")}${chunk("data: [DONE]\n\n")}0\r\n\r\n`
  )
  answers.set(events, answer)
  return answer
}

const server = createServer({ noDelay: true }, (socket) => {
  let pending = Buffer.alloc(0)
  // a client that gives up is its own business
  socket.on("error", () => {})
  socket.on("data", (data) => {
    pending = pending.length === 0 ? data : Buffer.concat([pending, data])
    for (;;) {
      const head = pending.indexOf("\r\n\r\n")
      if (head < 0) return
      const text = pending.toString("latin1", 0, head)
      const end = head + 4 + Number(/content-length: *(\d+)/i.exec(text)?.[1] ?? 0)
      if (pending.length < end) return
      pending = pending.subarray(end)
      socket.write(answerOf(Number(/^\S+ \/(\d+)\//.exec(text)?.[1] ?? 0)))
    }
  })
})

process.once("disconnect", () => process.exit())

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  process.send?.(typeof address === "object" ? address?.port : undefined)
})
