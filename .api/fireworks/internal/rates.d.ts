export interface Rates {
  readonly requests: number
  readonly errors: number
  readonly byStatus: Readonly<Record<string, number>>
}
export declare const fullName: RegExp
export declare const parseRates: (text: string) => ReadonlyMap<string, Rates> | undefined
