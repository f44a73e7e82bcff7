/**
 * Submits a nightly batch job exactly once, even if the process crashes and starts again.
 * See `idIn`: the id of the job is in a file before anything is sent, and the next process reads that file.
 */
import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { Effect, Fiber, Layer } from "effect"
import { BatchJobs, Fireworks } from "effect-reliability/fireworks"
import { Transport } from "effect-reliability/node"
import { Fault, FireworksServer } from "effect-reliability/testing"

/** Returns the id in the file, or writes a new one. The rename is atomic, so a crash leaves no partial file. */
const idIn = (file: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    if (yield* fs.exists(file)) return yield* fs.readFileString(file)
    const id = yield* BatchJobs.newId
    yield* fs.writeFileString(`${file}.new`, id)
    yield* fs.rename(`${file}.new`, file)
    return id
  })

const nightly = (file: string) =>
  Effect.gen(function* () {
    const id = yield* idIn(file)
    yield* BatchJobs.submit({ id, model: "accounts/fireworks/models/kimi-k2", inputDatasetId: "reviews" })
    const outcome = yield* BatchJobs.await(id, { interval: "20 millis" }) // the default interval suits jobs that take hours
    yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.remove(file))
    return outcome
  })

const program = Effect.gen(function* () {
  const api = yield* FireworksServer.make({
    timeline: [{ state: "RUNNING", lasts: "100 millis" }, { state: "COMPLETED" }],
    // the server creates the job but sends no response
    injections: [{ method: "POST", path: "batchInferenceJobs", fault: Fault.unanswered, takesEffect: true }]
  })
  // a local server; for the real API, use `Fireworks.layerConfig()`
  const Live = Fireworks.layer(api.options).pipe(Layer.provide(Transport.layer()))
  const file = `${yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())}/nightly`
  const process = nightly(file).pipe(Effect.provide(Live))

  const first = yield* Effect.fork(process)
  yield* api.server.awaitRequests(2)
  yield* Fiber.interrupt(first)

  const outcome = yield* process
  const posts = (yield* api.requests).filter(({ method }) => method === "POST").length
  console.log(`${outcome._tag}; submissions: ${posts}, jobs: ${(yield* api.jobs).length}`)
})

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))
