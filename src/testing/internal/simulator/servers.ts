/**
 * Models of servers that limit what they admit.
 *
 * @since 0.2.0
 */
import { type Headers, hintHeaders, limitHeaders, type NamedLimit, noHeaders } from "./serverHeaders.js"
import type { CheckedBucket, CheckedServer, CheckedSlots, CheckedTokens, Late } from "./simulationOptions.js"
import type { Random } from "./random.js"
import type { VirtualTime } from "./virtualTime.js"

/** The response of a model. */
export interface Reply {
  readonly status: number
  readonly headers: Headers
  /** True if the headers arrive before the body. */
  readonly stream: boolean
}

/** A request that reached a server. */
export interface Arrival {
  readonly input: number
  readonly output: number
  /** Called when the headers leave the server. */
  readonly head: (reply: Reply) => void
  /** Called when the body is complete. */
  readonly end: (reply: Reply) => void
}

/** The treatment of a request: it is admitted, refused by a limit, failed by a fault, or never responded to. */
export type Verdict = "admitted" | "refused" | "failed" | "ignored"

/** A server. `limit` and `capacity` serve to judge the load. */
export abstract class Model {
  protected readonly time: VirtualTime
  protected readonly random: Random
  readonly #options: CheckedServer
  #active = 0

  constructor(time: VirtualTime, random: Random, options: CheckedServer) {
    this.time = time
    this.random = random
    this.#options = options
  }

  /** The requests per second that are admitted in the long run now; absent if no rate limits them. */
  abstract get perSecond(): number | undefined

  /** The requests that can be processed or wait at once; absent if their number is not limited. */
  get room(): number | undefined {
    return undefined
  }

  /**
   * Returns the milliseconds after which a request could be admitted: 0 for now, and Infinity if the next response decides it. A
   * client that knows everything sends its requests by it.
   */
  wait(size: { readonly input: number }): number {
    const { now } = this.time
    for (const { from, to } of this.#options.outages) if (now >= from && now < to) return to - now
    return this.waitFor(size)
  }

  /** Processes a request. */
  handle(arrival: Arrival): Verdict {
    const { now } = this.time
    const { errors, hint, outages } = this.#options
    for (const { announced, from, status, to } of outages) {
      if (now < from || now >= to) continue
      if (status === "hang") return "ignored"
      reply(arrival, status, announced ? this.hintFor(to - now, hint === "none" ? "seconds" : hint) : noHeaders)
      return status === 429 ? "refused" : "failed"
    }
    for (const { from, share, status, to } of errors) {
      if (now < from || now >= to || this.random() >= share) continue
      reply(arrival, status, noHeaders)
      return status === 429 ? "refused" : "failed"
    }
    return this.admit(arrival)
  }

  protected abstract waitFor(size: { readonly input: number }): number

  protected abstract admit(arrival: Arrival): Verdict

  /** Returns the limits now, as headers name them. */
  protected abstract limits(): ReadonlyArray<NamedLimit>

  protected limitHeaders(): Headers {
    const { headers, misstated } = this.#options
    if (headers === "none") return noHeaders
    return limitHeaders(headers, this.limits(), misstated, this.time.clock.unsafeCurrentTimeMillis())
  }

  protected hintFor(millis: number, form = this.#options.hint): Headers {
    return hintHeaders(form, millis, this.time.clock.unsafeCurrentTimeMillis())
  }

  protected refuse(arrival: Arrival, status: number, wait: number | undefined): Verdict {
    const hint = wait === undefined ? noHeaders : this.hintFor(wait)
    const limits = this.limitHeaders()
    reply(arrival, status, limits === noHeaders ? hint : { ...limits, ...hint })
    return "refused"
  }

  /** Returns the milliseconds that a request takes from now on. */
  protected duration(latency: Late, queued = 0, slots = Infinity): number {
    const { now } = this.time
    let millis = latency({ random: this.random, active: this.#active, queued, slots })
    for (const { factor, from, to } of this.#options.brownOuts) if (now >= from && now < to) millis *= factor
    return millis
  }

  protected begin(): void {
    this.#active++
  }

  /** Responds after some milliseconds, and sends the headers before that. `done` is called with the end. */
  protected respond(arrival: Arrival, millis: number, first: number, done?: () => void): void {
    const stream = first < millis
    const early: Reply | undefined = stream ? { status: 200, headers: this.limitHeaders(), stream } : undefined
    if (early !== undefined) this.time.after(first, () => arrival.head(early))
    // the limits in headers of a response are those of its admission
    const late: Reply = early ?? { status: 200, headers: this.limitHeaders(), stream }
    this.time.after(millis, () => {
      this.#active--
      done?.()
      arrival.end(late)
    })
  }

  protected get active(): number {
    return this.#active
  }
}

const reply = (arrival: Arrival, status: number, headers: Headers): void => {
  arrival.end({ status, headers, stream: false })
}

/** A token bucket of requests, or a fixed window. */
export class BucketModel extends Model {
  readonly #options: CheckedBucket
  #perSecond: number
  #tokens: number
  #at = 0
  /** The requests admitted since the limit last grew. */
  #used = 0
  /** The end of the fixed window. */
  #reset = 0

  constructor(time: VirtualTime, random: Random, options: CheckedBucket) {
    super(time, random, options)
    const { burst, changes, growth, perSecond, window } = options
    this.#options = options
    this.#perSecond = perSecond
    this.#tokens = window === undefined ? burst : (perSecond * window) / 1000
    if (window !== undefined) this.#roll(window)
    for (const { at, perSecond } of changes) {
      time.at(at, () => {
        this.#refill()
        this.#perSecond = perSecond
      })
    }
    if (growth !== undefined) this.#grow(growth)
  }

  override get perSecond(): number {
    return this.#perSecond
  }

  protected override waitFor(): number {
    this.#refill()
    return this.#tokens >= 1 - rounding ? 0 : this.#untilNext()
  }

  protected override admit(arrival: Arrival): Verdict {
    this.#refill()
    if (this.#tokens < 1 - rounding) return this.refuse(arrival, 429, this.#untilNext())
    this.#tokens = Math.max(0, this.#tokens - 1)
    this.#used++
    this.begin()
    const millis = this.duration(this.#options.latency)
    this.respond(arrival, millis, millis)
    return "admitted"
  }

  protected override limits(): ReadonlyArray<NamedLimit> {
    const { burst, window } = this.#options
    const full = window === undefined ? burst : (this.#perSecond * window) / 1000
    const reset = window === undefined ? ((full - this.#tokens) / this.#perSecond) * 1000 : this.#reset - this.time.now
    return [{ resource: "requests", perMinute: this.#perSecond * 60, remaining: this.#tokens, reset }]
  }

  #untilNext(): number {
    return this.#options.window === undefined
      ? ((1 - this.#tokens) / this.#perSecond) * 1000
      : this.#reset - this.time.now
  }

  #refill(): void {
    const { burst, window } = this.#options
    const { now } = this.time
    if (window === undefined) {
      this.#tokens = Math.min(burst, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond)
    }
    this.#at = now
  }

  #roll(window: number): void {
    this.#reset = this.time.now + window
    this.time.after(window, () => {
      this.#tokens = (this.#perSecond * window) / 1000
      this.#roll(window)
    })
  }

  #grow(growth: NonNullable<CheckedBucket["growth"]>): void {
    this.time.after(growth.every, () => {
      if (this.#used > (this.#perSecond * growth.every) / 2000) {
        this.#refill()
        this.#perSecond = Math.min(growth.max, this.#perSecond * 1.25)
      }
      this.#used = 0
      this.#grow(growth)
    })
  }
}

/** In floating point, ten times 0.1 is a little less than 1. */
const rounding = 1e-9

interface Level {
  perSecond: number
  most: number
  level: number
}

const resources = ["requests", "input", "output"] as const

/** Limits of requests, of input tokens and of output tokens. Output is charged when the response is complete. */
export class TokensModel extends Model {
  readonly #options: CheckedTokens
  readonly #levels: { readonly [R in (typeof resources)[number]]: Level }
  #at = 0

  constructor(time: VirtualTime, random: Random, options: CheckedTokens) {
    super(time, random, options)
    const { burst, changes, perMinute } = options
    this.#options = options
    const full = (limit: number): Level => {
      const most = (limit / 60_000) * burst
      return { perSecond: limit / 60, most, level: most }
    }
    this.#levels = {
      requests: full(perMinute.requests),
      input: full(perMinute.input),
      output: full(perMinute.output)
    }
    for (const { at, perMinute } of changes) {
      time.at(at, () => {
        this.#refill()
        for (const resource of resources) {
          const limit = perMinute[resource]
          if (limit !== undefined) {
            const { level, most, perSecond } = full(limit)
            const changed = this.#levels[resource]
            Object.assign(changed, { most, perSecond, level: Math.min(changed.level, level) })
          }
        }
      })
    }
  }

  override get perSecond(): number {
    return this.#levels.requests.perSecond
  }

  protected override waitFor({ input: size }: { readonly input: number }): number {
    this.#refill()
    const { input, output, requests } = this.#levels
    const until = ({ level, perSecond }: Level, amount: number) => ((amount - level) / perSecond) * 1000
    // a whole token of output, so that the wait for an empty bucket is not 0
    const wait = Math.max(until(requests, 1), until(input, Math.min(size, input.most)), until(output, 0))
    return output.level <= 0 ? Math.max(wait, until(output, 1)) : wait <= rounding ? 0 : wait
  }

  protected override admit(arrival: Arrival): Verdict {
    const wait = this.waitFor(arrival)
    if (wait > 0) return this.refuse(arrival, 429, wait)
    const { input, output, requests } = this.#levels
    const { latency, speed, stream } = this.#options
    requests.level -= 1
    input.level -= arrival.input
    this.begin()
    const first = this.duration(latency)
    const millis = first + this.duration(() => (arrival.output / speed) * 1000)
    this.respond(arrival, millis, stream ? first : millis, () => {
      this.#refill()
      output.level -= arrival.output
    })
    return "admitted"
  }

  protected override limits(): ReadonlyArray<NamedLimit> {
    return resources.map((resource) => {
      const { level, most, perSecond } = this.#levels[resource]
      return { resource, perMinute: perSecond * 60, remaining: level, reset: ((most - level) / perSecond) * 1000 }
    })
  }

  #refill(): void {
    const { now } = this.time
    const seconds = (now - this.#at) / 1000
    this.#at = now
    for (const resource of resources) {
      const limit = this.#levels[resource]
      limit.level = Math.min(limit.most, limit.level + limit.perSecond * seconds)
    }
  }
}

/** A deployment with slots and a bounded queue. */
export class SlotsModel extends Model {
  readonly #options: CheckedSlots
  #slots: number
  #latency: Late
  #queue: Array<Arrival> = []
  #head = 0

  constructor(time: VirtualTime, random: Random, options: CheckedSlots) {
    super(time, random, options)
    this.#options = options
    this.#slots = options.slots
    this.#latency = options.latency
    for (const { at, latency, slots } of options.changes) {
      time.at(at, () => {
        this.#slots = slots ?? this.#slots
        this.#latency = latency ?? this.#latency
      })
    }
  }

  override get perSecond(): undefined {
    return undefined
  }

  override get room(): number {
    return this.#slots + this.#options.queue
  }

  protected override waitFor(): number {
    return this.active < this.#slots ? 0 : Infinity
  }

  protected override admit(arrival: Arrival): Verdict {
    if (this.active < this.#slots) this.#start(arrival)
    else if (this.#queue.length - this.#head < this.#options.queue) this.#queue.push(arrival)
    else return this.refuse(arrival, this.#options.status, undefined)
    return "admitted"
  }

  protected override limits(): ReadonlyArray<NamedLimit> {
    return []
  }

  #start(arrival: Arrival): void {
    this.begin()
    const millis = this.duration(this.#latency, this.#queue.length - this.#head, this.#slots)
    this.respond(arrival, millis, millis * this.#options.firstByte, () => this.#next())
  }

  #next(): void {
    const next = this.#queue[this.#head]
    if (next === undefined || this.active >= this.#slots) return
    this.#head++
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
    this.#start(next)
  }
}
