/** Models of servers that limit what they admit. */
import type { ServerLimit } from "../../../src/internal/rateLimiter/model.js"
import type { Simulation } from "./engine.js"
import { lognormal, type Random } from "./random.js"

export interface Sent {
  readonly input: number
  readonly output: number
  readonly maxOutput: number | undefined
  readonly process: number
  abandoned: boolean
}

/** A response. Status 0 means that the server did not respond. */
export interface Response {
  readonly status: number
  readonly hint?: number | undefined
  readonly limits?: ReadonlyArray<ServerLimit> | undefined
  readonly usage?: { readonly input: number; readonly output: number } | undefined
  readonly stream?: boolean | undefined
  readonly timeout?: boolean | undefined
}

type Reply = (response: Response) => void

/** `head` is called when the headers leave the server, `end` when the body is complete. */
export interface Server {
  readonly request: (sent: Sent, head: Reply, end: Reply) => void
  /** What a client that knows everything could have had. */
  readonly granted?: number
  /** Requests per second that are admitted at the end. */
  readonly rate?: number
}

/** None, whole seconds of `Retry-After`, its milliseconds, or limit headers. */
export type Hints = "none" | "ra1" | "ms" | "hdr"

export interface BucketOptions {
  readonly rate?: number
  readonly burst?: number
  readonly hint?: Hints
  readonly latency?: (random: Random) => number
  /** Everything is refused until then, with a hint. */
  readonly blocked?: number
  /** Milliseconds of a fixed window, in place of a bucket. */
  readonly fixedWindow?: number
  readonly changes?: ReadonlyArray<readonly [at: number, rate: number]>
  /** Usage above half of the limit in the last window raises the limit by a quarter. */
  readonly ramp?: { readonly every: number; readonly max: number }
}

/** A token bucket of requests. */
export class BucketServer implements Server {
  rate: number
  granted: number
  readonly #simulation: Simulation
  readonly #options: BucketOptions
  readonly #burst: number
  readonly #hint: Hints
  readonly #latency: (random: Random) => number
  #tokens: number
  #at = 0
  #used = 0
  #reset = 0
  /** What headers name; absent where they name nothing. */
  limits: () => ReadonlyArray<ServerLimit> | undefined

  constructor(simulation: Simulation, options: BucketOptions = {}) {
    const { burst = 10, changes = [], fixedWindow, hint = "none", latency, ramp, rate = 50 } = options
    this.#simulation = simulation
    this.#options = options
    this.#burst = burst
    this.#hint = hint
    this.#latency = latency ?? ((random) => 8 + 4 * random())
    this.rate = rate
    this.#tokens = burst
    this.granted = burst
    this.limits = () =>
      hint === "hdr"
        ? [{ resource: "requests", perMinute: this.rate * 60, remaining: Math.max(0, Math.floor(this.#tokens)) }]
        : undefined
    if (fixedWindow !== undefined) {
      this.#tokens = this.granted = (rate * fixedWindow) / 1000
      const roll = () => {
        this.#tokens = (this.rate * fixedWindow) / 1000
        this.granted += this.#tokens
        this.#reset = simulation.now + fixedWindow
        simulation.after(fixedWindow, roll)
      }
      this.#reset = fixedWindow
      simulation.after(fixedWindow, roll)
    }
    for (const [at, next] of changes) {
      simulation.at(at, () => {
        this.#refill()
        this.rate = next
      })
    }
    if (ramp !== undefined) {
      const tick = () => {
        if (this.#used > (this.rate * ramp.every) / 1000 / 2) {
          this.#refill()
          this.rate = Math.min(ramp.max, this.rate * 1.25)
        }
        this.#used = 0
        simulation.after(ramp.every, tick)
      }
      simulation.after(ramp.every, tick)
    }
  }

  request(sent: Sent, head: Reply, end: Reply): void {
    this.#refill()
    const { now, random } = this.#simulation
    const { blocked = 0 } = this.#options
    const reply = (response: Response) => {
      head(response)
      end(response)
    }
    if (now < blocked) {
      reply({ status: 429, hint: this.#hint === "none" ? undefined : Math.ceil((blocked - now) / 1000) * 1000 })
    } else if (this.#tokens < 1) {
      reply({ status: 429, hint: this.#retryAfter(), limits: this.limits() })
    } else {
      this.#tokens -= 1
      this.#used++
      const millis = this.#latency(random)
      const response: Response = { status: 200, limits: this.limits(), usage: sent }
      this.#simulation.after(millis, () => head(response))
      this.#simulation.after(millis, () => end(response))
    }
  }

  #refill(): void {
    const { now } = this.#simulation
    const earned = ((now - this.#at) / 1000) * this.rate
    this.#at = now
    if (this.#options.fixedWindow !== undefined) return
    this.granted += earned
    this.#tokens = Math.min(this.#burst, this.#tokens + earned)
  }

  #retryAfter(): number | undefined {
    if (this.#hint !== "ra1" && this.#hint !== "ms") return undefined
    const wait =
      this.#options.fixedWindow === undefined
        ? ((1 - this.#tokens) / this.rate) * 1000
        : this.#reset - this.#simulation.now
    return this.#hint === "ra1" ? Math.ceil(wait / 1000) * 1000 : Math.ceil(wait)
  }
}

export interface TokenOptions {
  readonly headers?: boolean
  readonly requests?: number
  readonly input?: number
  readonly output?: number
  readonly burstSeconds?: number
  readonly stream?: boolean
}

/** Requests, input and output tokens per minute. Output is charged when it is known. */
export class TokenServer implements Server {
  readonly #simulation: Simulation
  readonly #headers: boolean
  readonly #stream: boolean
  readonly #limits
  #at = 0

  constructor(simulation: Simulation, options: TokenOptions = {}) {
    const {
      burstSeconds = 10,
      headers = true,
      input = 600_000,
      output = 120_000,
      requests = 600,
      stream = true
    } = options
    this.#simulation = simulation
    this.#headers = headers
    this.#stream = stream
    const limit = (perMinute: number) => {
      const cap = (perMinute / 60) * burstSeconds
      return { rate: perMinute / 60, cap, level: cap }
    }
    this.#limits = { requests: limit(requests), input: limit(input), output: limit(output) }
  }

  request(sent: Sent, head: Reply, end: Reply): void {
    this.#refill()
    const { input, output, requests } = this.#limits
    if (requests.level < 1 || input.level < Math.min(sent.input, input.cap) || output.level <= 0) {
      const response: Response = { status: 429, limits: this.#named() }
      head(response)
      end(response)
      return
    }
    requests.level -= 1
    input.level -= sent.input
    const first = 300
    const early: Response | undefined = this.#stream ? { status: 200, limits: this.#named(), stream: true } : undefined
    if (early !== undefined) this.#simulation.after(first, () => head(early))
    this.#simulation.after(first + (sent.output / 80) * 1000, () => {
      this.#refill()
      output.level -= sent.output
      const response: Response = {
        status: 200,
        limits: early === undefined ? this.#named() : undefined,
        usage: { input: sent.input, output: sent.output }
      }
      if (early === undefined) head(response)
      end(response)
    })
  }

  #refill(): void {
    const seconds = (this.#simulation.now - this.#at) / 1000
    this.#at = this.#simulation.now
    for (const limit of Object.values(this.#limits))
      limit.level = Math.min(limit.cap, limit.level + limit.rate * seconds)
  }

  #named(): ReadonlyArray<ServerLimit> | undefined {
    if (!this.#headers) return undefined
    return (["requests", "input", "output"] as const).map((resource) => {
      const { level, rate } = this.#limits[resource]
      return { resource, perMinute: rate * 60, remaining: Math.max(0, Math.floor(level)) }
    })
  }
}

export interface Span {
  readonly from: number
  readonly to: number
}

export interface SlotOptions {
  readonly slots?: number
  readonly queue?: number
  readonly status?: number
  readonly service?: (random: Random, active: number, queued: number, slots: number) => number
  /** The share of the service before the first byte. */
  readonly first?: number
  readonly outage?: Span
  /** No response, ever. */
  readonly hang?: Span
  readonly failing?: Span & { readonly share: number; readonly status?: number }
  readonly slow?: Span & { readonly factor: number }
  readonly changes?: ReadonlyArray<readonly [at: number, change: (server: SlotServer) => void]>
}

interface Job {
  readonly sent: Sent
  readonly head: Reply
  readonly end: Reply
}

/** A deployment with slots and a bounded queue; may be down, fail a share, or be slow. */
export class SlotServer implements Server {
  service: NonNullable<SlotOptions["service"]>
  readonly #simulation: Simulation
  readonly #options: SlotOptions
  readonly #slots: number
  readonly #most: number
  #active = 0
  #queue: Array<Job> = []
  #head = 0

  constructor(simulation: Simulation, options: SlotOptions = {}) {
    this.#simulation = simulation
    this.#options = options
    this.#slots = options.slots ?? 32
    this.#most = options.queue ?? 32
    this.service =
      options.service ??
      ((random, active, _queued, slots) => lognormal(random, 2000, 0.5) * (0.5 + (0.5 * active) / slots))
    for (const [at, change] of options.changes ?? []) simulation.at(at, () => change(this))
  }

  request(sent: Sent, head: Reply, end: Reply): void {
    const { failing, hang, outage, status = 429 } = this.#options
    const { now, random } = this.#simulation
    const isWithin = (span: Span | undefined): span is Span => span !== undefined && now >= span.from && now < span.to
    const reply = (status: number) => {
      head({ status })
      end({ status })
    }
    if (isWithin(hang)) return
    if (isWithin(outage)) return reply(503)
    if (failing !== undefined && isWithin(failing) && random() < failing.share) return reply(failing.status ?? 500)
    const job = { sent, head, end }
    if (this.#active < this.#slots) this.#start(job)
    else if (this.#queue.length - this.#head < this.#most) this.#queue.push(job)
    else reply(status)
  }

  #start(job: Job): void {
    const { first = 0.15, slow } = this.#options
    const { now, random } = this.#simulation
    this.#active++
    let millis = this.service(random, this.#active, this.#queue.length - this.#head, this.#slots)
    if (slow !== undefined && now >= slow.from && now < slow.to) millis *= slow.factor
    const response: Response = { status: 200, usage: job.sent, stream: first < 1 }
    this.#simulation.after(millis * first, () => job.head(response))
    this.#simulation.after(millis, () => {
      this.#active--
      job.end(response)
      const next = this.#queue[this.#head]
      if (next === undefined || this.#active >= this.#slots) return
      this.#head++
      if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
        this.#queue = this.#queue.slice(this.#head)
        this.#head = 0
      }
      this.#start(next)
    })
  }
}
