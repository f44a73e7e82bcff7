/**
 * The names of all metrics, spans and attributes of this package.
 *
 * @since 0.1.0
 */

/** The attributes, each with a description of its value. */
export const attributes = {
  workload: { name: "reliability.workload", holds: "the workload's name" },
  operation: { name: "gen_ai.operation.name", holds: "what is done, such as `chat`" },
  provider: { name: "gen_ai.provider.name", holds: "who serves the model" },
  model: { name: "gen_ai.request.model", holds: "the model, without the account that it belongs to" },
  address: { name: "server.address", holds: "the host" },
  port: { name: "server.port", holds: "its port, where it is not the protocol's own" },
  outcome: { name: "reliability.outcome", holds: "`success`, or the class: `RateLimit`, `Transient`, `Fatal`" },
  error: { name: "error.type", holds: "the reason, such as `Timeout`; absent after a success" },
  delivery: { name: "reliability.delivery", holds: "did the server see it; a success is `Acknowledged`" },
  phase: { name: "reliability.phase", holds: "the phase of a timeout, such as `connect`" },
  stopped: { name: "reliability.stopped", holds: "why a call that failed was not tried again, such as `Budget`" },
  waited: { name: "reliability.waited", holds: "why an attempt was waited for, such as `Hint`" },
  attempts: { name: "reliability.attempt_count", holds: "how many attempts the call took" },
  budget: { name: "reliability.budget", holds: "the name that the budget was observed by" },
  key: {
    name: "reliability.limiter.key",
    holds: "the key of a rate limiter: host, model and a digest of the credential"
  },
  resource: { name: "reliability.limiter.resource", holds: "`requests`, `input` or `output`" },
  brake: {
    name: "reliability.limiter.brake",
    holds: "the brake that refused a call; `server` for a refusal of the server"
  },
  circuit: {
    name: "reliability.breaker.key",
    holds: "the key of a circuit: host, model and a digest of the credential"
  },
  from: { name: "reliability.breaker.from", holds: "the state that a circuit left, such as `Closed`" },
  to: { name: "reliability.breaker.to", holds: "the state that a circuit entered, such as `Open`" },
  policy: {
    name: "reliability.store.policy",
    holds: "the policy that uses the store: `RateLimiter`, `RetryBudget` or `CircuitBreaker`"
  },
  tokenType: { name: "gen_ai.token.type", holds: "`input` or `output`" },
  modality: { name: "gen_ai.token.modality", holds: "`unknown`: responses do not state it" },
  stream: { name: "gen_ai.request.stream", holds: "true if the response is streamed" },
  firstChunk: {
    name: "gen_ai.response.time_to_first_chunk",
    holds: "the seconds until the first event of a streamed response"
  },
  responseId: { name: "gen_ai.response.id", holds: "the id that the response states" },
  responseModel: { name: "gen_ai.response.model", holds: "the model that the response states, without its account" },
  finishReasons: { name: "gen_ai.response.finish_reasons", holds: "why each generation ended, such as `stop`" },
  inputTokens: { name: "gen_ai.usage.input_tokens", holds: "the tokens of the prompt, as the response states them" },
  outputTokens: { name: "gen_ai.usage.output_tokens", holds: "the generated tokens, as the response states them" },
  copy: { name: "reliability.copy", holds: "`hedge` for the second copy of a hedged call; absent for other calls" },
  method: { name: "http.request.method", holds: "the method" },
  resend: { name: "http.request.resend_count", holds: "the number of attempts before this one; absent on the first" },
  status: { name: "http.response.status_code", holds: "the status that was answered" }
} as const

/** The short name of an attribute. */
export type Attribute = keyof typeof attributes

const subject = ["workload", "operation", "provider", "model", "address", "port"] as const

/** The attributes that OpenTelemetry's conventions for generative models define for all of their metrics. */
const generation = ["operation", "provider", "model", "address", "port"] as const

const stated = ["responseId", "responseModel", "finishReasons", "inputTokens", "outputTokens"] as const

/** The metrics and spans, each with its attributes and its description. */
export const names = {
  calls: {
    name: "reliability.calls",
    kind: "counter",
    unit: "{call}",
    attributes: [...subject, "outcome", "error", "stopped"],
    counts: "Calls, however many attempts each took."
  },
  callDuration: {
    name: "reliability.call.duration",
    kind: "histogram",
    unit: "s",
    attributes: [...subject, "error"],
    counts: "How long calls took, attempts and waits together; without the calls that open streams."
  },
  attempts: {
    name: "reliability.attempts",
    kind: "counter",
    unit: "{attempt}",
    attributes: [...subject, "outcome", "error", "delivery", "phase"],
    counts: "Attempts: the requests, as the provider counts them."
  },
  attemptDuration: {
    name: "reliability.attempt.duration",
    kind: "histogram",
    unit: "s",
    attributes: [...subject, "error"],
    counts: "How long attempts took; those of streams until the first event."
  },
  waits: {
    name: "reliability.waits",
    kind: "counter",
    unit: "{wait}",
    attributes: [...subject, "error", "waited"],
    counts: "Waits before another attempt, by what failed before."
  },
  waitDuration: {
    name: "reliability.wait.duration",
    kind: "histogram",
    unit: "s",
    attributes: [...subject, "waited"],
    counts: "How long these waits were meant to take."
  },
  suppressed: {
    name: "reliability.retries.suppressed",
    kind: "counter",
    unit: "{retry}",
    attributes: [...subject, "error"],
    counts: "Retries that were not made because the budget was empty."
  },
  budget: {
    name: "reliability.budget.available",
    kind: "gauge",
    unit: "{retry}",
    attributes: ["budget"],
    counts: "The retries that a budget would grant now."
  },
  budgetBalance: {
    name: "reliability.budget.balance",
    kind: "gauge",
    unit: "1",
    attributes: ["budget"],
    counts: "The amount that a budget with costs holds, in the unit of its costs."
  },
  tokens: {
    name: "reliability.tokens",
    kind: "counter",
    unit: "{token}",
    attributes: [...subject, "outcome", "error", "tokenType"],
    counts: "Tokens of attempts and streams, stated or estimated. They are wasted unless the outcome is `success`."
  },
  limiterWaiting: {
    name: "reliability.limiter.waiting",
    kind: "gauge",
    unit: "{call}",
    attributes: ["key"],
    counts: "The calls that wait for a rate limiter."
  },
  limiterInFlight: {
    name: "reliability.limiter.in_flight",
    kind: "gauge",
    unit: "{call}",
    attributes: ["key"],
    counts: "The calls in flight that a rate limiter admitted."
  },
  limiterPace: {
    name: "reliability.limiter.pace",
    kind: "gauge",
    unit: "{unit}/s",
    attributes: ["key", "resource"],
    counts: "The pace of a rate limiter."
  },
  limiterLimit: {
    name: "reliability.limiter.limit",
    kind: "gauge",
    unit: "{unit}/s",
    attributes: ["key", "resource"],
    counts: "The limit from headers or from the options of a rate limiter."
  },
  limiterWaits: {
    name: "reliability.limiter.waits",
    kind: "counter",
    unit: "{call}",
    attributes: ["key"],
    counts: "Calls that a rate limiter admitted after a wait."
  },
  limiterWaitTime: {
    name: "reliability.limiter.wait.time",
    kind: "counter",
    unit: "s",
    attributes: ["key"],
    counts: "The sum of these waits."
  },
  limiterRefusals: {
    name: "reliability.limiter.refusals",
    kind: "counter",
    unit: "{call}",
    attributes: ["key", "brake"],
    counts: "Calls that a rate limiter did not admit, and calls that the server refused."
  },
  breakerState: {
    name: "reliability.breaker.state",
    kind: "gauge",
    unit: "{state}",
    attributes: ["circuit"],
    counts: "The state of a circuit: 0 for closed, 1 for half-open, 2 for open."
  },
  breakerTransitions: {
    name: "reliability.breaker.transitions",
    kind: "counter",
    unit: "{transition}",
    attributes: ["circuit", "from", "to"],
    counts: "Changes of the state of a circuit."
  },
  breakerRefusals: {
    name: "reliability.breaker.refusals",
    kind: "counter",
    unit: "{refusal}",
    attributes: ["circuit"],
    counts: "Attempts that a circuit refused; an attempt that waits may be refused again."
  },
  storeOutages: {
    name: "reliability.store.outages",
    kind: "counter",
    unit: "{outage}",
    attributes: ["policy"],
    counts: "Outages of the store of a policy."
  },
  storeLocalDecisions: {
    name: "reliability.store.local_decisions",
    kind: "counter",
    unit: "{decision}",
    attributes: ["policy"],
    counts: "Steps that a policy took without its store, because it was unavailable."
  },
  firstEvent: {
    name: "reliability.stream.time_to_first_event",
    kind: "histogram",
    unit: "s",
    attributes: [...subject, "error"],
    counts: "How long calls that open streams took until the first event, or until they failed."
  },
  streams: {
    name: "reliability.streams",
    kind: "counter",
    unit: "{stream}",
    attributes: [...subject, "outcome", "error"],
    counts: "Streams that had begun, by how they ended: `StreamBroken`, or `Aborted` by their reader."
  },
  streamDuration: {
    name: "reliability.stream.duration",
    kind: "histogram",
    unit: "s",
    attributes: [...subject, "error"],
    counts: "How long streams that had begun took, from the request to the end."
  },
  genAiDuration: {
    name: "gen_ai.client.operation.duration",
    kind: "histogram",
    unit: "s",
    attributes: [...generation, "error"],
    counts: "GenAI operation duration."
  },
  genAiTokenUsage: {
    name: "gen_ai.client.token.usage",
    kind: "histogram",
    unit: "{token}",
    attributes: [...generation, "tokenType"],
    counts: "Number of input and output tokens used."
  },
  genAiFirstChunk: {
    name: "gen_ai.client.operation.time_to_first_chunk",
    kind: "histogram",
    unit: "s",
    attributes: generation,
    counts: "Time to receive the first chunk of a streamed response, from the start of the operation."
  },
  genAiChunk: {
    name: "gen_ai.client.operation.time_per_output_chunk",
    kind: "histogram",
    unit: "s",
    attributes: generation,
    counts: "Time between a chunk of a streamed response and the one before."
  },
  inferenceDuration: {
    name: "gen_ai.client.inference.duration",
    kind: "histogram",
    unit: "s",
    attributes: [...generation, "error"],
    counts: "GenAI client inference operation duration."
  },
  inferenceFirstChunk: {
    name: "gen_ai.client.inference.time_to_first_chunk",
    kind: "histogram",
    unit: "s",
    attributes: generation,
    counts: "Time to receive the first chunk of a streamed response, from the start of the operation."
  },
  inferenceChunk: {
    name: "gen_ai.client.inference.time_per_output_chunk",
    kind: "histogram",
    unit: "s",
    attributes: generation,
    counts: "Time between a chunk of a streamed response and the one before."
  },
  inferenceInput: {
    name: "gen_ai.client.inference.usage.input_tokens",
    kind: "counter",
    unit: "{token}",
    attributes: [...generation, "modality"],
    counts: "The number of input (prompt) tokens used, including cached tokens."
  },
  inferenceOutput: {
    name: "gen_ai.client.inference.usage.output_tokens",
    kind: "counter",
    unit: "{token}",
    attributes: [...generation, "modality"],
    counts: "The number of output (completion) tokens used, including reasoning tokens."
  },
  inferenceInputPerCall: {
    name: "gen_ai.client.inference.operation.input_tokens",
    kind: "histogram",
    unit: "{token}",
    attributes: generation,
    counts: "Number of input tokens used per inference operation."
  },
  inferenceOutputPerCall: {
    name: "gen_ai.client.inference.operation.output_tokens",
    kind: "histogram",
    unit: "{token}",
    attributes: generation,
    counts: "Number of output tokens used per inference operation."
  },
  embeddingsDuration: {
    name: "gen_ai.client.embeddings.duration",
    kind: "histogram",
    unit: "s",
    attributes: [...generation, "error"],
    counts: "GenAI client embeddings operation duration."
  },
  embeddingsInputPerCall: {
    name: "gen_ai.client.embeddings.operation.input_tokens",
    kind: "histogram",
    unit: "{token}",
    attributes: generation,
    counts: "Number of input tokens used per embeddings operation."
  },
  spanOfGeneration: {
    name: "{gen_ai.operation.name} {gen_ai.request.model}",
    kind: "span",
    unit: "",
    attributes: [
      ...subject,
      ...stated,
      "stream",
      "firstChunk",
      "copy",
      "attempts",
      "error",
      "delivery",
      "phase",
      "stopped"
    ],
    counts: "A call of which operation and model are known, all attempts and waits together."
  },
  spanOfCall: {
    name: "reliability.call",
    kind: "span",
    unit: "",
    attributes: ["workload", "address", "port", "copy", "attempts", "error", "delivery", "phase", "stopped"],
    counts: "Any other call, all attempts and waits together."
  },
  spanOfAttempt: {
    name: "reliability.attempt",
    kind: "span",
    unit: "",
    attributes: ["workload", "address", "port", "method", "resend", "waited", "status", "error", "delivery", "phase"],
    counts: "One attempt, below its call; until the first event, if it opens a stream."
  },
  spanOfStream: {
    name: "reliability.stream",
    kind: "span",
    unit: "",
    attributes: [...subject, ...stated, "error", "delivery", "phase"],
    counts: "A stream that had begun, from the request to its end, beside the call that opened it."
  }
} as const satisfies Readonly<
  Record<
    string,
    {
      readonly name: string
      readonly kind: "counter" | "histogram" | "gauge" | "span"
      readonly unit: string
      readonly attributes: ReadonlyArray<Attribute>
      readonly counts: string
    }
  >
>
