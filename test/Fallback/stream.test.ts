import { describe, it } from "@effect/vitest"
import { Chunk, Context, Deferred, Effect, ExecutionPlan, Exit, Fiber, Layer, Stream, TestClock } from "effect"
import { ApiError, Deadline, Fallback } from "effect-reliability"
import { expect } from "vitest"

const busy = new ApiError.RateLimit({ reason: "RateExceeded", delivery: "Acknowledged", status: 429 })
const broken = new ApiError.Transient({ reason: "StreamBroken", delivery: "Partial" })

const two = Fallback.make([{ name: "first" }, { name: "second" }])

const tokens = <E, R>(first: Stream.Stream<string, E, R>) =>
  Fallback.stream(two, ({ name }) => (name === "first" ? first : Stream.make("from ", name)))

/** Collects the elements and the error of a stream. */
const collected = <E, R>(stream: Stream.Stream<string, E, R>) =>
  Effect.suspend(() => {
    const elements: Array<string> = []
    return Stream.runForEach(stream, (element) => Effect.sync(() => elements.push(element))).pipe(
      Effect.exit,
      Effect.map((exit) => ({ text: elements.join(""), exit }))
    )
  })

describe("a stream", () => {
  it.effect("moves on before the first element", () =>
    Effect.gen(function* () {
      for (const first of [
        Stream.fail(busy),
        Stream.concat(Stream.empty, Stream.fail(busy)),
        // a chunk without elements is not a first element
        Stream.concat(Stream.fromChunk(Chunk.empty<string>()), Stream.fail(busy)),
        Stream.concat(
          Stream.filter(Stream.make("a", "b"), () => false),
          Stream.fail(busy)
        )
      ]) {
        expect(yield* collected(tokens(first))).toMatchObject({ text: "from second", exit: { _tag: "Success" } })
      }
    })
  )

  it.effect("stays at a step after its first element", () =>
    Effect.gen(function* () {
      const { exit, text } = yield* collected(tokens(Stream.concat(Stream.make("Hel"), Stream.fail(busy))))
      expect(text).toBe("Hel")
      expect(exit).toEqual(Exit.fail(busy))
    })
  )

  it.effect("succeeds without elements", () =>
    Effect.gen(function* () {
      expect(yield* collected(tokens(Stream.empty))).toEqual({ text: "", exit: Exit.void })
    })
  )

  it.effect("adds the earlier steps to an error before and after the first element", () =>
    Effect.gen(function* () {
      const earlier = [{ step: "first", reason: "RateExceeded", status: 429 }]
      const run = (second: Stream.Stream<string, ApiError.ApiError>) =>
        collected(Fallback.stream(two, ({ name }) => (name === "first" ? Stream.fail(busy) : second)))
      expect((yield* run(Stream.fail(broken))).exit).toMatchObject({
        cause: { error: { reason: "StreamBroken", earlier } }
      })
      const begun = yield* run(Stream.concat(Stream.make("Hel"), Stream.fail(broken)))
      expect(begun.text).toBe("Hel")
      expect(begun.exit).toMatchObject({ cause: { error: { reason: "StreamBroken", earlier } } })
    })
  )

  it.effect("limits the time to the first element to the share, and not the time after it", () =>
    Effect.gen(function* () {
      const late = Stream.fromEffect(Effect.delay(Effect.succeed("late"), "6 seconds"))
      const first = yield* Effect.fork(collected(tokens(late)).pipe(Deadline.within("10 seconds")))
      yield* TestClock.adjust("5 seconds")
      expect(yield* Fiber.join(first)).toMatchObject({ text: "from second" })
      const slow = Stream.concat(Stream.make("a"), Stream.fromEffect(Effect.delay(Effect.succeed("b"), "9 seconds")))
      const second = yield* Effect.fork(collected(tokens(slow)).pipe(Deadline.within("10 seconds")))
      yield* TestClock.adjust("9 seconds")
      expect(yield* Fiber.join(second)).toMatchObject({ text: "ab" })
    })
  )

  it.effect("releases a step that failed before the next one begins, and the last one at its end", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const resource = (name: string) =>
        Stream.acquireRelease(
          Effect.sync(() => (log.push(`open ${name}`), name)),
          () => Effect.sync(() => log.push(`close ${name}`))
        )
      const stream = Fallback.stream(two, ({ name }) =>
        Stream.flatMap(resource(name), () => (name === "first" ? Stream.fail(busy) : Stream.make("a", "b")))
      ).pipe(Stream.tap((element) => Effect.sync(() => log.push(element))))
      yield* collected(stream)
      expect(log).toEqual(["open first", "close first", "open second", "a", "b", "close second"])
    })
  )

  it.effect("closes when its reader stops or is interrupted, before and after the first element", () =>
    Effect.gen(function* () {
      for (const reader of ["take", "interrupt before", "interrupt after"] as const) {
        let open = 0
        const reached = yield* Deferred.make<void>()
        const wait = Effect.zipRight(Deferred.succeed(reached, undefined), Effect.never)
        const first = Stream.acquireRelease(
          Effect.sync(() => ++open),
          () => Effect.sync(() => --open)
        ).pipe(
          Stream.flatMap(() =>
            Stream.concat(
              reader === "interrupt before" ? Stream.fromEffect(wait) : Stream.make("a"),
              Stream.fromEffect(reader === "take" ? Effect.succeed("b") : wait)
            )
          )
        )
        const reading = yield* Effect.fork(
          collected(reader === "take" ? Stream.take(tokens(first), 1) : tokens(first)).pipe(Deadline.within("1 minute"))
        )
        if (reader === "take") yield* Fiber.join(reading)
        else {
          yield* Deferred.await(reached)
          expect(open).toBe(1)
          yield* Fiber.interrupt(reading)
        }
        expect(open, reader).toBe(0)
      }
    })
  )

  it.effect("keeps the services of its step until its end", () =>
    Effect.gen(function* () {
      class Model extends Context.Tag("Model")<Model, { readonly name: string }>() {}
      let open = 0
      const layer = (name: string) =>
        Layer.scoped(
          Model,
          Effect.acquireRelease(
            Effect.sync(() => (open++, { name })),
            () => Effect.sync(() => open--)
          )
        )
      const provided = Fallback.make([
        { name: "first", provide: layer("a") },
        { name: "second", provide: Context.make(Model, { name: "b" }) },
        { name: "third", provide: ExecutionPlan.make({ provide: layer("c") }) }
      ])
      const name = Effect.map(Model, (model) => model.name)
      const stream = (fails: ReadonlyArray<string>) =>
        Fallback.stream(provided, (step) =>
          fails.includes(step.name)
            ? Stream.fail(busy)
            : Stream.concat(Stream.fromEffect(name), Stream.fromEffect(Effect.map(name, (name) => name + open)))
        )
      expect(yield* collected(stream([]))).toMatchObject({ text: "aa1" })
      expect(yield* collected(stream(["first"]))).toMatchObject({ text: "bb0" })
      expect(yield* collected(stream(["first", "second"]))).toMatchObject({ text: "cc1" })
      expect(open).toBe(0)
    })
  )

  it.effect("works where its operators fork fibers, under a deadline", () =>
    Effect.gen(function* () {
      const numbers = Stream.range(1, 50).pipe(
        Stream.buffer({ capacity: 2 }),
        Stream.mapEffect((n) => Effect.succeed(`${n},`), { concurrency: 3 })
      )
      const merged = Stream.merge(numbers, Stream.empty)
      const run = collected(tokens(merged)).pipe(Deadline.within("1 minute"))
      const { text } = yield* run
      expect(text.split(",").length).toBe(51)
    })
  )

  it.effect("stays at a step of a plan after its first element", () =>
    Effect.gen(function* () {
      class Model extends Context.Tag("Model")<Model, { readonly name: string }>() {}
      const plan = ExecutionPlan.make(
        { provide: Context.make(Model, { name: "a" }) },
        { provide: Context.make(Model, { name: "b" }) }
      )
      const fallback = Fallback.make([
        { name: "plan", provide: plan },
        { name: "other", provide: Context.make(Model, { name: "c" }) }
      ])
      const stream = (element: boolean) =>
        Fallback.stream(fallback, () =>
          Stream.flatMap(Model, ({ name }) =>
            name === "a"
              ? Stream.concat(element ? Stream.make("a") : Stream.empty, Stream.fail(busy))
              : Stream.make(name)
          )
        )
      expect(yield* collected(stream(false))).toMatchObject({ text: "b", exit: { _tag: "Success" } })
      expect(yield* collected(stream(true))).toMatchObject({ text: "a", exit: { _tag: "Failure" } })
    })
  )
})
