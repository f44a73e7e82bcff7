import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ApiError } from "../../../ApiError.js"
import type * as Reliability from "../../../Reliability.js"
import * as Workload from "../../../Workload.js"
import * as Fireworks from "../../Fireworks.js"
export declare const Count: Schema.Union<[typeof Schema.Number, typeof Schema.NumberFromString]>
export declare const commonFields: {
  state: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
  status: Schema.optional<
    Schema.NullOr<
      Schema.Schema<
        {
          readonly [x: string]: unknown
          readonly code?: string | number | null | undefined
          readonly message?: string | null | undefined
        },
        {
          readonly [x: string]: unknown
          readonly code?: string | number | null | undefined
          readonly message?: string | null | undefined
        },
        never
      >
    >
  >
  displayName: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
  createTime: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
  updateTime: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
  createdBy: Schema.optional<Schema.NullOr<Schema.Schema<string, string, never>>>
}
interface Resource {
  readonly name: string
  readonly state?: string | null | undefined
  readonly status?:
    | {
        readonly code?: string | number | null | undefined
        readonly message?: string | null | undefined
      }
    | null
    | undefined
}
export declare const idOf: ({ name }: Resource) => string
export declare const stateOf: ({ state }: Resource) => string
export declare const isRemoved: (state: string) => boolean
export declare const whyOf: ({ status }: Resource) => {
  code: string | undefined
  message: string | undefined
}
export declare const checkId: (id: string) => Effect.Effect<string, ApiError>
export declare const fullName: <Given extends string | undefined>(
  collection: string,
  account: string | undefined,
  given: Given
) => Given | string
export declare const nameOf: (
  field: string,
  collection: string,
  account: string,
  given: string | undefined
) => Effect.Effect<string | undefined, ApiError>
export declare const checkTexts: (texts: Readonly<Record<string, unknown>>) => Effect.Effect<void, ApiError>
export type Call<A> = Effect.Effect<A, ApiError, Fireworks.Fireworks>
export type Body = Readonly<Record<string, unknown>>
export declare const given: (fields: Body) => Body
export declare const call: <A, I>(
  request: HttpClientRequest.HttpClientRequest,
  schema: Schema.Schema<A, I>,
  workload: Workload.Workload,
  idempotency?: Reliability.Idempotency,
  before?: (json: unknown) => unknown
) => Call<A>
export declare const looking: Workload.Workload
export interface Collection<A extends Resource, I> {
  readonly path: string
  readonly schema: Schema.Schema<A, I>
}
export declare const get: <A extends Resource, I>(
  { path, schema }: Collection<A, I>,
  id: string,
  workload: Workload.Workload
) => Call<A>
export declare const create: <A extends Resource, I>(
  { path, schema }: Collection<A, I>,
  id: string,
  body: Body,
  workload: Workload.Workload,
  parameters?: Readonly<Record<string, string | undefined>>
) => Call<A>
export declare const remove: (path: string, id: string, workload: Workload.Workload) => Call<void>
export interface Listed<A, I> {
  readonly path: string
  readonly key: string
  readonly schema: Schema.Schema<A, I>
  readonly workload: Workload.Workload
  readonly parameters: Readonly<Record<string, string | number | undefined>>
}
export declare const pageSizeOf: (owner: string, pageSize?: number) => number
export declare const listed: <A, I>({
  key,
  parameters,
  path,
  schema,
  workload
}: Listed<A, I>) => Stream.Stream<A, ApiError, Fireworks.Fireworks>
export declare const holds: (existing: unknown, given: unknown) => boolean
export {}
