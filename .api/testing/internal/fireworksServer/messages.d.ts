import { type Answer, type Fault, type Request } from "../../Fault.js"
export type Json = Readonly<Record<string, unknown>>
export declare const isObject: (u: unknown) => u is Json
export declare const parse: (body: string) => Json | undefined
export interface Call {
  readonly request: Request
  readonly method: string
  readonly path: string
  readonly segments: ReadonlyArray<string>
  readonly query: URLSearchParams
  readonly at: number
  readonly asOf: number
}
export declare const callOf: (request: Request, stale: number) => Call
declare const codes: {
  readonly INVALID_ARGUMENT: readonly [400, 3]
  readonly FAILED_PRECONDITION: readonly [400, 9]
  readonly NOT_FOUND: readonly [404, 5]
  readonly ALREADY_EXISTS: readonly [409, 6]
  readonly PERMISSION_DENIED: readonly [403, 7]
  readonly RESOURCE_EXHAUSTED: readonly [429, 8]
  readonly UNAVAILABLE: readonly [503, 14]
  readonly UNAUTHORIZED: readonly [401, 16]
  readonly PRECONDITION_FAILED: readonly [412, 9]
  readonly METHOD_NOT_ALLOWED: readonly [405, 12]
  readonly TOO_EARLY: readonly [425, 14]
  readonly DEPLOYMENT_SCALING_UP: readonly [503, 14]
}
export type Code = keyof typeof codes
export type ErrorForm = "gateway" | "rpc"
export declare const failure: (code: Code, message: string, form?: ErrorForm) => Answer
export declare const ok: (body: Json, headers?: Readonly<Record<string, string>>) => Answer
export declare const withHeaders: (fault: Fault, headers: Readonly<Record<string, string>>) => Fault
export declare const masked: (resource: Json, { query }: Call) => Json
export declare const camel: (name: string) => string
export declare const timestamp: (millis: number) => string
export interface Item {
  readonly sequence: number
  readonly resource: Json
}
export declare const page: (key: string, items: ReadonlyArray<Item>, call: Call, form: ErrorForm) => Answer
export {}
