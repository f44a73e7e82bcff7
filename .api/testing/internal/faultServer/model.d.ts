import type { Request, Fault, Connection } from "../../Fault.js"
export interface Closed {
  readonly by: "client" | "server"
  readonly how: "end" | "reset"
  readonly at: number
}
export interface RequestRecord extends Request {
  readonly body: string
  readonly bytes: number
  readonly fault: Fault
  readonly rejected: boolean
  readonly status: number | undefined
  readonly ended:
    | {
        readonly at: number
        readonly complete: boolean
      }
    | undefined
  readonly closed: Closed | undefined
}
export interface ConnectionRecord {
  readonly connection: number
  readonly treatment: Connection
  readonly openedAt: number
  readonly requests: number
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly closed: Closed | undefined
}
export interface Counts {
  readonly requests: number
  readonly answered: number
  readonly rejected: number
  readonly opened: number
  readonly closed: number
}
