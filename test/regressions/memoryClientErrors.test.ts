/** The errors of a client in memory contained the whole request, which logs then printed. */
import { HttpClientRequest } from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Stream } from "effect"
import { Fault, ScriptedClient } from "effect-reliability/testing"
import { inspect } from "node:util"
import { expect } from "vitest"

const url = "http://user:secret@api.test/v1/chat?key=secret"

const request = HttpClientRequest.post(url).pipe(
  HttpClientRequest.setHeader("authorization", "Bearer fw_4f9ZsecretKey77"),
  HttpClientRequest.bodyUnsafeJson({ messages: [{ role: "user", content: "a secret prompt" }] })
)

const source = HttpClientRequest.bodyStream(request, Stream.fail("a secret prompt"))

const scripts: ReadonlyArray<readonly [string, Fault.Script, HttpClientRequest.HttpClientRequest, boolean]> = [
  ["a reset", Fault.reset, request, false],
  ["a response that is cut", Fault.cut({ by: "reset", after: 1 }, Fault.healthy), request, false],
  ["a server that is down", Fault.healthy, request, true],
  ["a request that cannot be sent", Fault.healthy, HttpClientRequest.setHeader(request, "x", "a\nb"), false],
  ["a body that fails", Fault.healthy, source, false]
]

describe("an error of ScriptedClient", () => {
  for (const [name, script, sent, isDown] of scripts) {
    it.effect(`contains only the method and the URL without its query: ${name}`, () =>
      Effect.gen(function* () {
        const client = yield* ScriptedClient.make(script)
        if (isDown) yield* client.down
        const exit = yield* Effect.exit(Effect.flatMap(client.execute(sent), ({ text }) => text))
        if (Exit.isSuccess(exit)) return expect.unreachable()
        const [error] = Cause.failures(exit.cause)
        expect(error?.methodAndUrl).toBe("POST http://api.test/v1/chat")
        for (const text of [
          Cause.pretty(exit.cause, { renderErrorCause: true }),
          JSON.stringify(exit.cause),
          inspect(error, { depth: 20 })
        ]) {
          expect(text).not.toMatch(/secret|fw_|prompt/)
        }
      })
    )
  }
})
