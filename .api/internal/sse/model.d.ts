export interface Event {
  readonly event?: string | undefined
  readonly id?: string | undefined
  readonly data: string
}
