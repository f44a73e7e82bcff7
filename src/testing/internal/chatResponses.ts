/**
 * The subset of the OpenAI-compatible API that its clients need. Responses echo the request: they repeat the text of the last
 * message, or call the tool that the request demands with that text as arguments.
 *
 * @since 0.1.0
 */
import type { Request } from "../Fault.js"

type Json = Readonly<Record<string, unknown>>

const isObject = (u: unknown): u is Json => typeof u === "object" && u !== null && !Array.isArray(u)

const parse = (body: string): Json | undefined => {
  try {
    const value: unknown = JSON.parse(body)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const text = (value: unknown): string => {
  if (typeof value === "string") return value
  if (!Array.isArray(value)) return ""
  return value.map((part: unknown) => (isObject(part) ? text(part["text"]) : text(part))).join("")
}

const list = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [value])

const created = (request: Request): number => Math.floor(request.at / 1000)

const modelOf = (body: Json | undefined): string =>
  typeof body?.["model"] === "string" ? body["model"] : "fault-model"

type Kind = "chat" | "text"

/** Maximum number of words of a response. The last word of a longer text holds the rest, to bound the size of its stream. */
const maxWords = 10_000

/** Maximum number of texts in one embeddings request of OpenAI. */
const maxInputs = 2048

/** Returns the words of a response, which are those of the last message or of the prompt. */
const wordsOf = (kind: Kind, body: Json | undefined): ReadonlyArray<string> => {
  const message = list(body?.["messages"]).at(-1)
  const content = kind === "text" ? text(body?.["prompt"]) : isObject(message) ? text(message["content"]) : ""
  const words = content.match(/\S+\s*|\s+/g) ?? []
  return words.length <= maxWords ? words : [...words.slice(0, maxWords - 1), words.slice(maxWords - 1).join("")]
}

/** Returns the name of the tool that a request demands by its `tool_choice`: a given one, or the first one. */
const demandedTool = (body: Json | undefined): string | undefined => {
  const choice = body?.["tool_choice"]
  const tool = choice === "required" ? list(body?.["tools"])[0] : choice
  const named = isObject(tool) ? tool["function"] : undefined
  return isObject(named) && typeof named["name"] === "string" ? named["name"] : undefined
}

/** Returns a call of a tool, or with `position` above 0 a further piece of its arguments. */
const toolCall = (request: Request, name: string, json: string, position = 0): Json =>
  position === 0
    ? { index: 0, id: `call-${request.number}`, type: "function", function: { name, arguments: json } }
    : { index: 0, function: { arguments: json } }

const usageOf = (words: number) => ({ prompt_tokens: words, completion_tokens: words, total_tokens: 2 * words })

// -------------------------------------------------------------------------------------------------
// Complete responses
// -------------------------------------------------------------------------------------------------

interface Whole {
  readonly status: number
  readonly body: Json
}

const ok = (body: Json): Whole => ({ status: 200, body })

const badRequest = (message: string): Whole => ({
  status: 400,
  body: { error: { message, type: "invalid_request_error", code: "invalid_request_error", param: null } }
})

const completion = (kind: Kind, request: Request, body: Json): Json => {
  const words = wordsOf(kind, body)
  const content = words.join("")
  const tool = kind === "chat" ? demandedTool(body) : undefined
  const message =
    tool === undefined ? { content, refusal: null } : { content: null, tool_calls: [toolCall(request, tool, content)] }
  return {
    id: `${kind === "chat" ? "chatcmpl" : "cmpl"}-${request.number}`,
    object: kind === "chat" ? "chat.completion" : "text_completion",
    created: created(request),
    model: modelOf(body),
    choices: [
      {
        index: 0,
        ...(kind === "chat" ? { message: { role: "assistant", ...message } } : { text: content }),
        logprobs: null,
        finish_reason: tool === undefined ? "stop" : "tool_calls"
      }
    ],
    usage: usageOf(words.length)
  }
}

/** Returns a vector that depends only on the text, of numbers that a 32-bit float represents exactly. */
const vector = (input: unknown, dimensions: number): ReadonlyArray<number> => {
  const content = JSON.stringify(input) ?? ""
  const at = (index: number) => content.charCodeAt(index % content.length) || 0
  return Array.from({ length: dimensions }, (_, index) => (at(index) % 128) / 128)
}

const base64 = (numbers: ReadonlyArray<number>): string =>
  btoa(Array.from(new Uint8Array(Float32Array.from(numbers).buffer), (byte) => String.fromCharCode(byte)).join(""))

const embeddings = (body: Json): Whole => {
  const requested = Number(body["dimensions"] ?? 8)
  const dimensions = Number.isInteger(requested) && requested > 0 && requested <= 4096 ? requested : 8
  // an array of numbers is one text, given as tokens
  const input = body["input"]
  const inputs = Array.isArray(input) && typeof input[0] === "number" ? [input] : list(input)
  if (inputs.length > maxInputs) return badRequest(`There are more than ${maxInputs} inputs`)
  return ok({
    object: "list",
    model: modelOf(body),
    data: inputs.map((one, index) => {
      const numbers = vector(one, dimensions)
      return {
        object: "embedding",
        index,
        embedding: body["encoding_format"] === "base64" ? base64(numbers) : numbers
      }
    }),
    usage: { prompt_tokens: inputs.length, total_tokens: inputs.length }
  })
}

const model = (id: string): Json => ({ id, object: "model", created: 0, owned_by: "effect-reliability" })

// -------------------------------------------------------------------------------------------------
// Routes
// -------------------------------------------------------------------------------------------------

/** Returns the path below `/v1` or `/inference/v1`, without the query. */
const routeOf = (request: Request): string =>
  /^(?:\/inference)?\/v1(\/[^?#]*)/.exec(request.path)?.[1]?.replace(/\/+$/, "") ?? ""

/** Returns the healthy response to a request, or `"stream"` if the request asks for a stream. */
export const respond = (request: Request): Whole | "stream" => {
  const route = routeOf(request)
  if (request.method === "GET" && route === "/models") return ok({ object: "list", data: [model("fault-model")] })
  if (request.method === "GET" && route.startsWith("/models/")) return ok(model(route.slice("/models/".length)))
  if (request.method === "POST" && ["/chat/completions", "/completions", "/embeddings"].includes(route)) {
    const body = parse(request.body)
    if (body === undefined) return badRequest("The body is not a JSON object")
    if (route === "/embeddings") return embeddings(body)
    if (body["stream"] === true) return "stream"
    return ok(completion(route === "/completions" ? "text" : "chat", request, body))
  }
  const { number, method, path, body } = request
  return ok({ object: "echo", number, method, path, body })
}

/**
 * Returns the events of a stream, except `[DONE]`: one for each word, then one with the `finish_reason`. With `count`, the
 * stream has that many events.
 */
export const chunks = (request: Request, count: number | undefined): ReadonlyArray<Json> => {
  const kind = routeOf(request) === "/completions" ? "text" : "chat"
  const body = parse(request.body)
  const words =
    count === undefined
      ? wordsOf(kind, body)
      : Array.from({ length: Math.max(0, count - 1) }, (_, index) => `word${index + 1} `)
  const options = body?.["stream_options"]
  const usage = isObject(options) && options["include_usage"] === true
  const chunk = (choices: ReadonlyArray<Json>, rest?: Json): Json => ({
    id: `${kind === "chat" ? "chatcmpl" : "cmpl"}-${request.number}`,
    object: kind === "chat" ? "chat.completion.chunk" : "text_completion",
    created: created(request),
    model: modelOf(body),
    choices,
    ...rest
  })
  const tool = kind === "chat" && count === undefined ? demandedTool(body) : undefined
  const delta = (word: string, position: number): Json =>
    tool === undefined
      ? { role: "assistant", content: word }
      : { role: "assistant", tool_calls: [toolCall(request, tool, word, position)] }
  const choice = (content: Json, finish_reason: string | null): Json => ({
    index: 0,
    ...content,
    logprobs: null,
    finish_reason
  })
  const pieces = words.map((word, position) => (kind === "text" ? { text: word } : { delta: delta(word, position) }))
  const last = choice(kind === "text" ? { text: "" } : { delta: {} }, tool === undefined ? "stop" : "tool_calls")
  return [
    ...pieces.map((piece) => chunk([choice(piece, null)])),
    ...(count === 0 ? [] : [chunk([last])]),
    ...(usage && count === undefined ? [chunk([], { usage: usageOf(words.length) })] : [])
  ]
}
