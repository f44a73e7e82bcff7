/** Fixtures of the tests in EventStream/. */
import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { Chunk, Clock, Effect, Fiber, Option, Stream, TestClock } from "effect"
import { type ApiError, ReliableHttpClient, Retry, Workload } from "effect-reliability"
import * as EventStream from "effect-reliability/stream"
import { expect } from "vitest"

export type Body = Stream.Stream<Uint8Array, Error>

export const say = (...texts: ReadonlyArray<string>): Body => Stream.fromIterable(texts).pipe(Stream.encodeText)
export const wait = (millis: number): Body => Stream.execute(Effect.sleep(millis))
export const hang: Body = Stream.never
export const reset: Body = Stream.fail(Object.assign(new Error("secret"), { code: "ECONNRESET" }))
export const all = (...parts: ReadonlyArray<Body>): Body =>
  parts.reduce<Body>((body, part) => Stream.concat(body, part), Stream.empty)

export interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Body | string
  /** Milliseconds until the headers. */
  readonly after?: number
}

export const streaming = (...parts: ReadonlyArray<Body>): Answer => ({ body: all(...parts) })

/** Makes a client that sends the nth response to the nth request, and repeats the last one. */
export const provider = (...answers: ReadonlyArray<Answer>) =>
  Effect.map(Effect.runtime<never>(), (runtime) => {
    const seen = { requests: new Array<HttpClientRequest.HttpClientRequest>(), reading: 0, at: new Array<number>() }
    const bodyOf = (body: Body | string) =>
      typeof body === "string"
        ? body
        : Stream.toReadableStreamRuntime(
            Stream.ensuring(
              Stream.concat(Stream.execute(Effect.sync(() => void seen.reading++)), body),
              Effect.sync(() => void seen.reading--)
            ),
            runtime,
            { strategy: { highWaterMark: 0 } }
          )
    const inner = HttpClient.make((request) =>
      Effect.gen(function* () {
        const { after = 0, body = "", headers, status = 200 } = answers[seen.requests.length] ?? answers.at(-1) ?? {}
        seen.requests.push(request)
        seen.at.push(yield* Clock.currentTimeMillis)
        yield* Effect.sleep(after)
        const init = { status, headers: headers ?? { "content-type": "text/event-stream" } }
        return HttpClientResponse.fromWeb(request, new Response(status === 204 ? null : bodyOf(body), init))
      })
    )
    return { client: ReliableHttpClient.make(inner), inner, seen }
  })

export const request = HttpClientRequest.post("http://api.test/v1/chat/completions?key=secret").pipe(
  HttpClientRequest.bodyUnsafeJson({ stream: true })
)

export const retry = Retry.make({ attempts: 3, base: "1 second", factor: 1, jitter: "none" })

export const workload = Workload.make({
  name: "test",
  timeouts: { attempt: "20 seconds" },
  stream: { first: "10 seconds", idle: "5 seconds" },
  deadline: "1 minute",
  retry
})

export interface Outcome {
  readonly data: ReadonlyArray<string>
  readonly error: ApiError.ApiError | undefined
}

/** Returns the data of a stream with its error, if it fails. */
export const collect = <R>(
  stream: Stream.Stream<EventStream.Event, ApiError.ApiError, R>
): Effect.Effect<Outcome, never, R> =>
  Effect.suspend(() => {
    const data = new Array<string>()
    return Stream.runForEach(stream, (event) => Effect.sync(() => void data.push(event.data))).pipe(
      Effect.match({
        onFailure: (error): Outcome => ({ data, error }),
        onSuccess: (): Outcome => ({ data, error: undefined })
      })
    )
  })

/** Runs an effect through all its waits, and returns its result with the time of its end. */
export const through = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    while (true) {
      yield* TestClock.adjust(0)
      const done = yield* Fiber.poll(fiber)
      const now = yield* Clock.currentTimeMillis
      if (Option.isSome(done)) return { value: yield* done.value, now }
      const pending = Chunk.toArray(yield* TestClock.sleeps()).filter((wake) => wake > now)
      if (pending.length === 0) return yield* Effect.dieMessage("the effect waits without a timer")
      yield* TestClock.setTime(Math.min(...pending))
    }
  })

export const outcomeOf = (answer: Answer, options: EventStream.Options = {}) =>
  Effect.gen(function* () {
    const { client, seen } = yield* provider(answer)
    const { now, value } = yield* through(
      collect(EventStream.open(request, { workload, idempotency: "safe", client, ...options }))
    )
    return { ...value, now, attempts: seen.requests.length, seen }
  })

export const event = (data: string) => `data: ${data}\n\n`
export const done = event("[DONE]")

/** Expects the given fields of an error. */
export const expectError = (error: ApiError.ApiError | undefined, expected: Partial<ApiError.ApiError>) => {
  expect(error).toMatchObject(expected)
  expect(error?.message).not.toContain("secret")
}

export const encoder = new TextEncoder()
