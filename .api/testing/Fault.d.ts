import * as Duration from "effect/Duration"
export interface Request {
  readonly number: number
  readonly connection: number
  readonly onConnection: number
  readonly at: number
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}
export interface Healthy {
  readonly _tag: "Healthy"
}
export type HintForm = "seconds" | "date" | "millis"
export interface Answer {
  readonly _tag: "Answer"
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly retryAfter:
    | {
        readonly delay: Duration.Duration
        readonly form: HintForm
      }
    | undefined
}
export type Ending = "done" | "missing" | "error" | "silence" | "close" | "reset"
export interface Events {
  readonly _tag: "Events"
  readonly events: number | undefined
  readonly every: Duration.Duration
  readonly pings: boolean
  readonly after: number
  readonly ending: Ending
  readonly error: string
}
export interface Garbage {
  readonly _tag: "Garbage"
  readonly bytes: string
}
export interface Hangup {
  readonly _tag: "Hangup"
  readonly by: "close" | "reset"
}
export interface Stall {
  readonly _tag: "Stall"
  readonly delay: Duration.Duration
  readonly reply: Reply
}
export interface Drip {
  readonly _tag: "Drip"
  readonly every: Duration.Duration
  readonly bytes: number
  readonly reply: Reply
}
export interface Cut {
  readonly _tag: "Cut"
  readonly after: number | undefined
  readonly by: "close" | "reset" | "silence"
  readonly framing: "length" | "chunked"
  readonly reply: Reply
}
export interface Mislabel {
  readonly _tag: "Mislabel"
  readonly by: number
  readonly reply: Reply
}
export interface CloseAfter {
  readonly _tag: "CloseAfter"
  readonly delay: Duration.Duration
  readonly reply: Reply
}
export interface Reused {
  readonly _tag: "Reused"
  readonly reply: Reply
  readonly first: Reply
}
export type Reply = Healthy | Answer | Events | Garbage | Hangup | Stall | Drip | Cut | Mislabel | CloseAfter | Reused
export interface RateLimit {
  readonly _tag: "RateLimit"
  readonly burst: number
  readonly perSecond: number
  readonly hint: HintForm | "none"
  readonly admitted: Fault
}
export interface Capacity {
  readonly _tag: "Capacity"
  readonly concurrent: number
  readonly queue: number
  readonly rejection: Answer
  readonly admitted: Fault
}
export type Fault = Reply | RateLimit | Capacity
export interface Connection {
  readonly _tag: "Accept" | "Refuse" | "Ignore"
}
export type Script = Fault | ReadonlyArray<Fault> | ((request: Request) => Fault)
export type ConnectionScript = Connection | ReadonlyArray<Connection> | ((connection: number) => Connection)
export declare const healthy: Healthy
export interface AnswerOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | object | undefined
  readonly retryAfter?: Duration.DurationInput | undefined
  readonly form?: HintForm | undefined
  readonly shouldRetry?: boolean | undefined
}
export declare const answer: (status: number, options?: AnswerOptions) => Answer
export declare const invalidJson: Answer
export declare const oversizedHeaders: (bytes?: number) => Answer
export interface StreamOptions {
  readonly events?: number | undefined
  readonly every?: Duration.DurationInput | undefined
  readonly pings?: boolean | undefined
  readonly after?: number | undefined
  readonly ending?: Ending | undefined
  readonly error?: object | undefined
}
export declare const stream: (options?: StreamOptions) => Events
export declare const garbage: (bytes?: string) => Garbage
export declare const reset: Hangup
export declare const close: Hangup
export declare const stall: (delay: Duration.DurationInput, reply?: Reply) => Stall
export declare const unanswered: Stall
export declare const drip: (
  options: {
    readonly every: Duration.DurationInput
    readonly bytes?: number | undefined
  },
  reply?: Reply
) => Drip
export declare const cut: (
  options: {
    readonly by: Cut["by"]
    readonly after?: number | undefined
    readonly framing?: Cut["framing"] | undefined
  },
  reply?: Reply
) => Cut
export declare const mislabel: (by: number, reply?: Reply) => Mislabel
export declare const closeAfter: (delay: Duration.DurationInput, reply?: Reply) => CloseAfter
export declare const reused: (reply: Reply, first?: Reply) => Reused
export declare const rateLimit: (options: {
  readonly burst: number
  readonly perSecond: number
  readonly hint?: HintForm | "none" | undefined
  readonly admitted?: Fault | undefined
}) => RateLimit
export declare const capacity: (options: {
  readonly concurrent: number
  readonly queue?: number | undefined
  readonly rejection?: Answer | undefined
  readonly admitted?: Fault | undefined
}) => Capacity
export declare const accept: Connection
export declare const refuse: Connection
export declare const ignore: Connection
