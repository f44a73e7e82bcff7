/**
 * The steps of one process on one key.
 *
 * A run applies all steps that are ready to the last state that this process has seen, and asks the server to replace that state.
 * If another process was faster, the run is repeated with the state of the server. At most one run is outstanding.
 *
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import type { Slot } from "../../Store.js"
import type { Reply } from "./script.js"

/** A step that waits for its result. */
export interface Job {
  readonly slot: Slot<unknown>
  readonly step: (state: unknown, now: number) => readonly [unknown, unknown]
  readonly done: (result: unknown) => void
  readonly failed: (detail: string) => void
  readonly died: (defect: unknown) => void
}

/** The server, and what the lines of a store share. */
export interface Connection {
  /** Returns monotonic milliseconds. */
  readonly now: () => number
  /** The id of this process. */
  readonly id: string
  /** Returns a version that no other process returns. */
  readonly nextVersion: () => string
  /** Runs the script with a key and its arguments, and calls back once. */
  readonly send: (
    key: string,
    args: ReadonlyArray<string>,
    onReply: (reply: Reply) => void,
    onFailure: (detail: string) => void
  ) => void
  /** The time limit of a response in milliseconds. */
  readonly timeout: number
  /** Calls back after a time. Returns a function that cancels it. */
  readonly after: (millis: number, fire: () => void) => () => void
  /** Returns a number from [0, 1). */
  readonly random: () => number
  /** Records that the server is unavailable. */
  readonly failed: () => void
}

/** The number of times that another process may be faster in one run. */
const mostConflicts = 30
/** The maximum random delay in milliseconds before another attempt. */
const longestDelay = 16
/** The bounds of the duration of a claim in milliseconds. It should be longer than one round trip. */
const claims = { least: 5, most: 20 }
/** A version that no value has. */
const unknownVersion = "-"

interface Known {
  /** Empty if there is no state. */
  readonly version: string
  readonly state: unknown
}

/** The steps of one attempt. */
interface Applied {
  readonly results: ReadonlyArray<readonly [Job, unknown]>
  readonly next: Known
  readonly value: string
}

const decoded = (slot: Slot<unknown>, value: string): Known => {
  const [head = "", version = ""] = /^(\S+) \S+ \S+ /.exec(value) ?? []
  try {
    return { version, state: version === "" ? undefined : slot.decode(JSON.parse(value.slice(head.length))) }
  } catch {
    return { version, state: undefined }
  }
}

export class Line {
  readonly #key: string
  readonly #connection: Connection
  /** The steps without a result. */
  #jobs: Array<Job> = []
  /** The last state that this process has seen. */
  #known: Known | undefined
  /** The number of the current run. Responses to an earlier run are ignored. */
  #run = 0
  #cancel: (() => void) | undefined
  /** The time of the server minus that of this process; keys of a cluster can be on servers with different clocks. */
  #offset: number | undefined
  /** The time of the last round trip in milliseconds. */
  #roundTrip = 0

  constructor(key: string, connection: Connection) {
    this.#key = key
    this.#connection = connection
  }

  get isIdle(): boolean {
    return this.#cancel === undefined
  }

  add(job: Job): void {
    this.#jobs.push(job)
    if (this.isIdle) this.#begin()
  }

  /** Removes a step whose caller has stopped waiting. It may have been applied. */
  remove(job: Job): void {
    this.#jobs = this.#jobs.filter((other) => other !== job)
  }

  #begin(): void {
    this.#attempt(++this.#run, 0)
  }

  #end(): void {
    this.#run++
    this.#cancel?.()
    this.#cancel = undefined
  }

  #fail(detail: string, isUnavailable: boolean): void {
    this.#end()
    // the command may still be executed
    this.#known = undefined
    if (isUnavailable) this.#connection.failed()
    for (const job of this.#jobs.splice(0)) job.failed(detail)
  }

  #attempt(run: number, conflicts: number): void {
    const connection = this.#connection
    const known = this.#known
    const sentAt = connection.now()
    const time = sentAt + (this.#offset ?? 0)
    const applied = known === undefined ? undefined : this.#apply(known, time)
    const [first] = this.#jobs
    if (first === undefined) return this.#finish([])
    const { slot } = first
    this.#cancel?.()
    this.#cancel = connection.after(connection.timeout, () => {
      if (run === this.#run) this.#fail(`no response within ${connection.timeout} ms`, true)
    })
    connection.send(
      this.#key,
      [
        known?.version ?? unknownVersion,
        String(time),
        String(connection.timeout),
        applied?.value ?? "",
        String(Math.ceil(Duration.toMillis(slot.timeToLive))),
        connection.id,
        conflicts === 0 ? "0" : String(Math.max(claims.least, Math.min(claims.most, 3 * this.#roundTrip)))
      ],
      ({ isClaimed, isExpected, time: serverTime, value }) => {
        const receivedAt = connection.now()
        this.#roundTrip = receivedAt - sentAt
        this.#adjust(serverTime - receivedAt, serverTime - sentAt)
        if (run !== this.#run) return
        if (isExpected && applied !== undefined) {
          this.#known = applied.next
          return this.#finish(applied.results)
        }
        this.#known = decoded(slot, value)
        if (known === undefined) this.#attempt(run, conflicts)
        else this.#repeat(run, conflicts + 1, isClaimed)
      },
      (detail) => {
        if (run === this.#run) this.#fail(detail, true)
      }
    )
  }

  /** Applies all steps to a state. The value to write is empty if they do not change it. */
  #apply(known: Known, time: number): Applied {
    const results: Array<readonly [Job, unknown]> = []
    let { state } = known
    for (const job of this.#jobs) {
      try {
        const [result, next] = job.step(state, time)
        results.push([job, result])
        state = next
      } catch (defect) {
        this.remove(job)
        job.died(defect)
      }
    }
    if (state === known.state) return { results, next: known, value: "" }
    const version = this.#connection.nextVersion()
    try {
      return { results, next: { version, state }, value: `${version} - 0 ${JSON.stringify(state)}` }
    } catch (defect) {
      for (const job of this.#jobs.splice(0)) job.died(defect)
      return { results: [], next: known, value: "" }
    }
  }

  /** Another process was faster, or the estimated time was wrong. */
  #repeat(run: number, conflicts: number, isClaimed: boolean): void {
    const { after, random } = this.#connection
    if (conflicts > mostConflicts) return this.#fail(`${conflicts} conflicts with other processes`, false)
    if (conflicts < 2 || isClaimed) return this.#attempt(run, conflicts)
    this.#cancel?.()
    this.#cancel = after(random() * Math.min(longestDelay, 2 ** (conflicts - 1)), () => {
      if (run === this.#run) this.#attempt(run, conflicts)
    })
  }

  #finish(results: Applied["results"]): void {
    this.#end()
    const applied = new Set(results.map(([job]) => job))
    this.#jobs = this.#jobs.filter((job) => !applied.has(job))
    for (const [job, result] of results) job.done(result)
    if (this.isIdle && this.#jobs.length > 0) this.#begin()
  }

  /** The server has read its clock between the command and the response: that bounds the difference of the clocks. */
  #adjust(least: number, most: number): void {
    this.#offset = Math.max(least, Math.min(most, this.#offset ?? (least + most) / 2))
  }
}
