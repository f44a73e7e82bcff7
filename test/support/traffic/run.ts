/** Runs clients against a server, and counts. */
import type { Cost } from "../../../src/internal/rateLimiter/model.js"
import { Simulation } from "./engine.js"
import { exponential, type Random } from "./random.js"
import type { Response, Sent, Server } from "./servers.js"

export type Class = "interactive" | "batch"

/** One logical call. */
export interface Call {
  readonly worker: number
  readonly class: Class
  readonly cost: Cost
  readonly output: number
  readonly arrival: number
  readonly deadline: number
  settled: boolean
  readonly settle: (ok: boolean, reason?: string) => void
}

export interface Handlers {
  readonly head?: (response: Response) => void
  readonly end: (response: Response) => void
}

/** What a client is given: a clock, and how to send one attempt. */
export interface Environment {
  readonly simulation: Simulation
  readonly process: number
  readonly send: (call: Call, handlers: Handlers) => void
}

export interface Client {
  readonly call: (call: Call) => void
}

/** Makes the client of one process; processes may share something. */
export type Policy<Shared = undefined> = (environment: Environment, shared: Shared) => Client

export interface Load {
  /** Workers that call again as soon as they have a result. */
  readonly closed?: number
  /** Or calls per second, at random. */
  readonly open?: number
  readonly class?: Class
  readonly think?: number
  readonly stagger?: number
}

export interface Setup {
  readonly duration: number
  readonly server: (simulation: Simulation) => Server
  readonly load: ReadonlyArray<Load>
  readonly processes?: number
  readonly deadline?: number
  /** Milliseconds of the way to the server, and back. */
  readonly up?: number
  readonly down?: number
  readonly attemptTimeout?: number
  readonly measureFrom?: number
  readonly sizes?: (random: Random) => { readonly input: number; readonly output: number; readonly maxOutput?: number }
}

export interface Result {
  readonly server: Server
  readonly calls: number
  readonly attempts: number
  readonly ok: number
  readonly failed: number
  readonly events: number
  readonly usage: { readonly input: number; readonly output: number }
  readonly perSuccess: number
  readonly p99: number
  readonly interactive99: number
  readonly jain: number
  readonly jainOfProcesses: number
  /** By second. */
  readonly started: Int32Array
  readonly sent: Int32Array
  readonly successes: Int32Array
  /** By tenth of a second. */
  readonly arrivals: Int32Array
  readonly reasons: Readonly<Record<string, number>>
}

const quantile = (values: ReadonlyArray<number>, share: number): number => {
  const sorted = Float64Array.from(values).toSorted()
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

/** 1 if all have the same, and one part in n if one of n has all. */
export const jainOf = (values: ReadonlyArray<number>): number => {
  const sum = values.reduce((total, value) => total + value, 0)
  const squares = values.reduce((total, value) => total + value * value, 0)
  return (sum * sum) / (values.length * squares)
}

const count = (counts: Int32Array, index: number): void => {
  counts[index] = (counts[index] ?? 0) + 1
}

export const run = <Shared>(
  setup: Setup,
  seed: number,
  policy: Policy<Shared>,
  share: (simulation: Simulation) => Shared
): Result => {
  const { attemptTimeout, deadline = 120_000, down = 5, duration, load, measureFrom = 0, processes = 1, up = 5 } = setup
  const simulation = new Simulation(seed)
  const { random } = simulation
  const server = setup.server(simulation)
  const seconds = Math.ceil(duration / 1000) + 2
  const [started, sent, successes] = [new Int32Array(seconds), new Int32Array(seconds), new Int32Array(seconds)]
  const arrivals = new Int32Array(Math.ceil(duration / 100) + 2)
  const latencies: { [K in Class]: Array<number> } = { interactive: [], batch: [] }
  const perWorker = new Map<number, number>()
  const perProcess = Array<number>(processes).fill(0)
  const reasons: Record<string, number> = {}
  const usage = { input: 0, output: 0 }
  let [calls, attempts, ok, failed] = [0, 0, 0, 0]
  const second = () => Math.floor(simulation.now / 1000)
  const jittered = (millis: number) => millis * (0.8 + 0.4 * random())
  const sizes = setup.sizes ?? (() => ({ input: 1, output: 1, maxOutput: undefined }))

  const environment = (process: number): Environment => ({
    simulation,
    process,
    send: (call, handlers) => {
      if (call.settled) throw new Error("a call was sent after it had settled")
      attempts++
      count(sent, second())
      const { input = 0, maxOutput } = call.cost
      const request: Sent = { input, output: call.output, maxOutput, process, abandoned: false }
      let isOver = false
      const expire = () => {
        if (isOver) return
        isOver = true
        request.abandoned = true
        handlers.end({ status: 0, timeout: true })
      }
      const timer = attemptTimeout === undefined ? undefined : simulation.after(attemptTimeout, expire)
      simulation.after(jittered(up), () => {
        count(arrivals, Math.floor(simulation.now / 100))
        server.request(
          request,
          (response) => {
            simulation.after(jittered(down), () => {
              if (!isOver) handlers.head?.(response)
            })
          },
          (response) => {
            simulation.after(jittered(down) + 0.001, () => {
              if (isOver) return
              isOver = true
              simulation.cancel(timer)
              handlers.end(response)
            })
          }
        )
      })
    }
  })

  const shared = share(simulation)
  const clients = Array.from({ length: processes }, (_, process) => policy(environment(process), shared))

  const start = (process: number, worker: number, klass: Class, then?: (ok: boolean) => void): void => {
    const { input, maxOutput, output } = sizes(random)
    const arrival = simulation.now
    const settle = (succeeded: boolean, reason = "unknown") => {
      if (call.settled) return
      call.settled = true
      simulation.cancel(timer)
      if (succeeded) {
        count(successes, second())
        if (simulation.now >= measureFrom) {
          ok++
          usage.input += input
          usage.output += output
          latencies[klass].push(simulation.now - arrival)
          perWorker.set(worker, (perWorker.get(worker) ?? 0) + 1)
          perProcess[process] = (perProcess[process] ?? 0) + 1
        }
      } else {
        failed++
        reasons[reason] = (reasons[reason] ?? 0) + 1
      }
      then?.(succeeded)
    }
    const call: Call = {
      worker,
      class: klass,
      cost: { input, maxOutput },
      output,
      arrival,
      deadline: arrival + deadline,
      settled: false,
      settle
    }
    calls++
    count(started, second())
    const timer = simulation.at(call.deadline, () => call.settle(false, "deadline"))
    clients[process]?.call(call)
  }

  let workers = 0
  for (const { class: klass = "batch", closed, open, stagger = 0, think = 0 } of load) {
    for (let process = 0; process < processes; process++) {
      for (let i = 0; i < (closed ?? 0); i++) {
        const worker = workers++
        perWorker.set(worker, 0)
        const loop = (): void => start(process, worker, klass, (ok) => simulation.after(ok ? think : 1000, loop))
        simulation.at(process * stagger, loop)
      }
      if (open === undefined) continue
      const next = (): void => {
        start(process, -1 - process, klass)
        simulation.after(exponential(random, 1000 / open), next)
      }
      simulation.at(process * stagger + exponential(random, 1000 / open), next)
    }
  }
  simulation.run(duration)

  const ofWorkers = [...perWorker].flatMap(([worker, done]) => (worker < 0 ? [] : [done]))
  return {
    server,
    calls,
    attempts,
    ok,
    failed,
    events: simulation.events,
    usage,
    perSuccess:
      attempts /
      Math.max(
        1,
        successes.reduce((total, value) => total + value, 0)
      ),
    p99: quantile([...latencies.batch, ...latencies.interactive], 0.99),
    interactive99: quantile(latencies.interactive, 0.99),
    jain: ofWorkers.length > 1 ? jainOf(ofWorkers) : Number.NaN,
    jainOfProcesses: processes > 1 ? jainOf(perProcess) : Number.NaN,
    started,
    sent,
    successes,
    arrivals,
    reasons
  }
}
