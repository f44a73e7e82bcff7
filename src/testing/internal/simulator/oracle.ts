/**
 * The oracle: clients that know the state of the server. They send each request as soon as the server admits it, in the order of
 * arrival. No policy that must learn the state can do better in the long run.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { generate, type LoadSetup, type SimulatedCall } from "./load.js"
import type { Arrival, Model } from "./servers.js"
import { type Random, seeded } from "./random.js"
import { VirtualTime, type Wake } from "./virtualTime.js"

export interface OracleSetup extends LoadSetup {
  readonly duration: number
  readonly warmUp: number
  /** Milliseconds to the server and back. */
  readonly roundTrip: number
  /** Makes the server, without random errors. */
  readonly server: (time: VirtualTime, random: Random) => Model
}

export interface OracleResult {
  readonly succeeded: number
  readonly tokens: { readonly input: number; readonly output: number }
  readonly perSecond: Uint32Array
}

interface Waiting {
  readonly call: SimulatedCall
  readonly arrival: Arrival
  readonly giveUp: () => void
  readonly until: number
}

/** Runs a load with an oracle. */
export const consult = (setup: OracleSetup): Effect.Effect<OracleResult> =>
  Effect.suspend(() => {
    const time = new VirtualTime({ promises: false })
    const { duration, roundTrip, seed, warmUp } = setup
    const server = setup.server(time, seeded(seed, 0, 1))
    const perSecond = new Uint32Array(Math.ceil(duration / 1000))
    const tokens = { input: 0, output: 0 }
    let succeeded = 0
    let isOver = false
    let queue: Array<Waiting> = []
    let first = 0
    let timer: Wake | undefined

    const pump = (): void => {
      if (timer !== undefined) time.cancel(timer)
      timer = undefined
      for (;;) {
        const head = queue[first]
        if (head === undefined) break
        if (head.until <= time.now) {
          first++
          head.giveUp()
          continue
        }
        const wait = server.wait(head.call)
        if (wait > 0) {
          timer = time.after(Math.min(wait + 1e-6, head.until - time.now), pump)
          break
        }
        first++
        server.handle(head.arrival)
      }
      if (first > 1024 && first * 2 > queue.length) {
        queue = queue.slice(first)
        first = 0
      }
    }

    const begin = (): void => {
      time.at(duration, () => {
        isOver = true
      })
      generate(time, setup, (call, load, done) => {
        const deadline = call.startedAt + load.deadline
        const end = (): void => {
          const { now } = time
          if (now >= deadline) return done(false)
          if (now < duration) {
            const second = Math.floor(now / 1000)
            perSecond[second] = (perSecond[second] ?? 0) + 1
            if (now >= warmUp) {
              succeeded++
              tokens.input += call.input
              tokens.output += call.output
            }
          }
          done(true)
        }
        const arrival: Arrival = {
          input: call.input,
          output: call.output,
          head: () => {},
          end: () => {
            time.after(roundTrip / 2, end)
            pump()
          }
        }
        time.after(roundTrip / 2, () => {
          queue.push({ call, arrival, giveUp: () => done(false), until: deadline - roundTrip / 2 })
          // behind others nothing changes
          if (queue.length - first === 1) pump()
        })
      })
    }
    return Effect.map(
      time.run(begin, () => isOver),
      () => ({ succeeded, tokens, perSecond })
    )
  })
