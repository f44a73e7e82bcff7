export type HeadersInput =
  | Readonly<Record<string, string | ReadonlyArray<string> | number | undefined>>
  | Iterable<readonly [string, string]>
  | {
      readonly get: (name: string) => string | null | undefined
    }
export declare const get: (headers: unknown, name: string) => string | undefined
