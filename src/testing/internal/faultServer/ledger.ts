/**
 * The connections and requests of a server, their counts, and the fibers that wait for a count.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type { Socket } from "node:net"
import type { Connection } from "../../Fault.js"
import type { Closed, ConnectionRecord, Counts, RequestRecord } from "./model.js"

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

/** A connection, open or closed. */
export interface Live {
  readonly id: number
  readonly treatment: Connection
  /** The TCP socket, even if TLS runs on top of it. */
  readonly tcp: Socket
  readonly openedAt: number
  /** The fibers that are sending responses on this connection. */
  readonly responding: Set<Fiber.RuntimeFiber<void>>
  requests: number
  /** The side that ended the connection first, and how. The connection may still be open. */
  ending: Pick<Closed, "by" | "how"> | undefined
  closed: Closed | undefined
}

/** The record of a request. The time of the connection's close is read from `live` on demand. */
export interface Entry extends Mutable<Omit<RequestRecord, "closed">> {
  readonly live: Live
}

/** Records which side ended a connection, unless one is already recorded. */
export const endedBy = (live: Live, by: Closed["by"], how: Closed["how"]): void => {
  live.ending ??= { by, how }
}

const recordOf = (live: Live): ConnectionRecord => ({
  connection: live.id,
  treatment: live.treatment,
  openedAt: live.openedAt,
  requests: live.requests,
  bytesRead: live.tcp.bytesRead,
  bytesWritten: live.tcp.bytesWritten,
  closed: live.closed
})

interface Waiter {
  readonly condition: (counts: Counts) => boolean
  readonly resume: (effect: Effect.Effect<void>) => void
}

/** Makes a ledger of the latest `keep` requests and the latest `keep` closed connections. */
export const makeLedger = (keep: number, now: () => number) => {
  const entries: Array<Entry> = []
  const open = new Map<number, Live>()
  const closed: Array<ConnectionRecord> = []
  const counts: Mutable<Counts> = { requests: 0, answered: 0, rejected: 0, opened: 0, closed: 0 }
  const waiters = new Set<Waiter>()

  // the list grows to twice `keep` before it is cut, so that the cost of cutting is amortised
  const trim = (list: Array<unknown>): void => void (list.length > 2 * keep && list.splice(0, list.length - keep))

  const isMet = ({ condition, resume }: Waiter): boolean => {
    try {
      if (!condition({ ...counts })) return false
      resume(Effect.void)
    } catch (error) {
      resume(Effect.die(error))
    }
    return true
  }
  const changed = (): void => {
    for (const waiter of waiters) if (isMet(waiter)) waiters.delete(waiter)
  }

  const onClose = (live: Live): void => {
    live.closed = { by: "server", how: "end", ...live.ending, at: now() }
    open.delete(live.id)
    closed.push(recordOf(live))
    trim(closed)
    counts.closed++
    for (const fiber of live.responding) fiber.unsafeInterruptAsFork(FiberId.none)
    changed()
  }

  return {
    open,
    counts,
    opened: (tcp: Socket, treatment: Connection): Live => {
      const live: Live = {
        id: ++counts.opened,
        treatment,
        tcp,
        openedAt: now(),
        responding: new Set(),
        requests: 0,
        ending: undefined,
        closed: undefined
      }
      open.set(live.id, live)
      tcp.once("close", () => onClose(live))
      changed()
      return live
    },
    arrived: (entry: Entry): void => {
      entries.push(entry)
      trim(entries)
      changed()
    },
    answered: (entry: Entry, complete: boolean): void => {
      entry.ended = { at: now(), complete }
      counts.answered++
      changed()
    },
    requests: (): ReadonlyArray<RequestRecord> =>
      entries.slice(-keep).map(({ live, ...entry }) => ({ ...entry, closed: live.closed })),
    connections: (): ReadonlyArray<ConnectionRecord> =>
      [...closed.slice(-keep), ...[...open.values()].map(recordOf)].toSorted((a, b) => a.connection - b.connection),
    until: (condition: (counts: Counts) => boolean): Effect.Effect<void> =>
      Effect.async<void>((resume) => {
        const waiter = { condition, resume }
        if (isMet(waiter)) return undefined
        waiters.add(waiter)
        return Effect.sync(() => void waiters.delete(waiter))
      })
  }
}

export type Ledger = ReturnType<typeof makeLedger>
