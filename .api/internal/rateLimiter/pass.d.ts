import type { ApiError } from "../../ApiError.js"
import type { Report, ServerLimit, Ticket, TokenUsage } from "./model.js"
export interface OutcomeReceiver {
  readonly record: (ticket: Ticket, report: Report) => void
}
export declare const kindOf: ({ delivery, phase, reason, status, _tag }: ApiError) => Report["kind"]
export declare class Pass {
  #private
  readonly order: number
  constructor(receiver: OutcomeReceiver, ticket: Ticket, order: number)
  note(limits: ReadonlyArray<ServerLimit>): void
  use(usage: TokenUsage | undefined): void
  first(): void
  succeed(): void
  end(): void
  fail(error: ApiError): void
  cancel(): void
  drop(): void
  close(isComplete: boolean): void
}
