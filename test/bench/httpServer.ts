/**
 * A process that answers every HTTP/1.1 request with its argument, a JSON text. It does as little as a server can, so
 * that the client is what a benchmark measures. It sends its port to its parent, and ends with it.
 */
import { createServer } from "node:net"

const body = process.argv[2] ?? "null"

const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
)

const server = createServer({ noDelay: true }, (socket) => {
  let pending = Buffer.alloc(0)
  // a client that gives up is its own business
  socket.on("error", () => {})
  socket.on("data", (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    for (;;) {
      const head = pending.indexOf("\r\n\r\n")
      if (head < 0) return
      const length = /content-length: *(\d+)/i.exec(pending.toString("latin1", 0, head))?.[1]
      if (length === undefined) {
        // a chunked body: too much for this server, and the client hears of it
        socket.destroy()
        return
      }
      const end = head + 4 + Number(length)
      if (pending.length < end) return
      pending = pending.subarray(end)
      socket.write(answer)
    }
  })
})

process.once("disconnect", () => process.exit())

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  process.send?.(typeof address === "object" ? address?.port : undefined)
})
