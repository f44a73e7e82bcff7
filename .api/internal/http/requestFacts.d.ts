import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
type Request = HttpClientRequest.HttpClientRequest
export declare const keyOf: ({ headers, url }: Request, model: string | undefined) => string
export declare class RequestFacts {
  #private
  constructor(request: Request, model: string | undefined)
  get text(): string
  get model(): string | undefined
  get key(): string
}
export {}
