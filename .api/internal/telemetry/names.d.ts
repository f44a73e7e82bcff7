export declare const attributes: {
  readonly workload: {
    readonly name: "reliability.workload"
    readonly holds: "the workload's name"
  }
  readonly operation: {
    readonly name: "gen_ai.operation.name"
    readonly holds: "what is done, such as `chat`"
  }
  readonly provider: {
    readonly name: "gen_ai.provider.name"
    readonly holds: "who serves the model"
  }
  readonly model: {
    readonly name: "gen_ai.request.model"
    readonly holds: "the model, without the account that it belongs to"
  }
  readonly address: {
    readonly name: "server.address"
    readonly holds: "the host"
  }
  readonly port: {
    readonly name: "server.port"
    readonly holds: "its port, where it is not the protocol's own"
  }
  readonly outcome: {
    readonly name: "reliability.outcome"
    readonly holds: "`success`, or the class: `RateLimit`, `Transient`, `Fatal`"
  }
  readonly error: {
    readonly name: "error.type"
    readonly holds: "the reason, such as `Timeout`; absent after a success"
  }
  readonly delivery: {
    readonly name: "reliability.delivery"
    readonly holds: "did the server see it; a success is `Acknowledged`"
  }
  readonly phase: {
    readonly name: "reliability.phase"
    readonly holds: "the phase of a timeout, such as `connect`"
  }
  readonly stopped: {
    readonly name: "reliability.stopped"
    readonly holds: "why a call that failed was not tried again, such as `Budget`"
  }
  readonly waited: {
    readonly name: "reliability.waited"
    readonly holds: "why an attempt was waited for, such as `Hint`"
  }
  readonly attempts: {
    readonly name: "reliability.attempt_count"
    readonly holds: "how many attempts the call took"
  }
  readonly budget: {
    readonly name: "reliability.budget"
    readonly holds: "the name that the budget was observed by"
  }
  readonly key: {
    readonly name: "reliability.limiter.key"
    readonly holds: "the key of a rate limiter: host, model and a digest of the credential"
  }
  readonly resource: {
    readonly name: "reliability.limiter.resource"
    readonly holds: "`requests`, `input` or `output`"
  }
  readonly brake: {
    readonly name: "reliability.limiter.brake"
    readonly holds: "the brake that refused a call; `server` for a refusal of the server"
  }
  readonly circuit: {
    readonly name: "reliability.breaker.key"
    readonly holds: "the key of a circuit: host, model and a digest of the credential"
  }
  readonly from: {
    readonly name: "reliability.breaker.from"
    readonly holds: "the state that a circuit left, such as `Closed`"
  }
  readonly to: {
    readonly name: "reliability.breaker.to"
    readonly holds: "the state that a circuit entered, such as `Open`"
  }
  readonly policy: {
    readonly name: "reliability.store.policy"
    readonly holds: "the policy that uses the store: `RateLimiter`, `RetryBudget` or `CircuitBreaker`"
  }
  readonly tokenType: {
    readonly name: "gen_ai.token.type"
    readonly holds: "`input` or `output`"
  }
  readonly modality: {
    readonly name: "gen_ai.token.modality"
    readonly holds: "`unknown`: responses do not state it"
  }
  readonly stream: {
    readonly name: "gen_ai.request.stream"
    readonly holds: "true if the response is streamed"
  }
  readonly firstChunk: {
    readonly name: "gen_ai.response.time_to_first_chunk"
    readonly holds: "the seconds until the first event of a streamed response"
  }
  readonly responseId: {
    readonly name: "gen_ai.response.id"
    readonly holds: "the id that the response states"
  }
  readonly responseModel: {
    readonly name: "gen_ai.response.model"
    readonly holds: "the model that the response states, without its account"
  }
  readonly finishReasons: {
    readonly name: "gen_ai.response.finish_reasons"
    readonly holds: "why each generation ended, such as `stop`"
  }
  readonly inputTokens: {
    readonly name: "gen_ai.usage.input_tokens"
    readonly holds: "the tokens of the prompt, as the response states them"
  }
  readonly outputTokens: {
    readonly name: "gen_ai.usage.output_tokens"
    readonly holds: "the generated tokens, as the response states them"
  }
  readonly copy: {
    readonly name: "reliability.copy"
    readonly holds: "`hedge` for the second copy of a hedged call; absent for other calls"
  }
  readonly method: {
    readonly name: "http.request.method"
    readonly holds: "the method"
  }
  readonly resend: {
    readonly name: "http.request.resend_count"
    readonly holds: "the number of attempts before this one; absent on the first"
  }
  readonly status: {
    readonly name: "http.response.status_code"
    readonly holds: "the status that was answered"
  }
}
export type Attribute = keyof typeof attributes
export declare const names: {
  readonly calls: {
    readonly name: "reliability.calls"
    readonly kind: "counter"
    readonly unit: "{call}"
    readonly attributes: readonly [
      "workload",
      "operation",
      "provider",
      "model",
      "address",
      "port",
      "outcome",
      "error",
      "stopped"
    ]
    readonly counts: "Calls, however many attempts each took."
  }
  readonly callDuration: {
    readonly name: "reliability.call.duration"
    readonly kind: "histogram"
    readonly unit: "s"
    readonly attributes: readonly ["workload", "operation", "provider", "model", "address", "port", "error"]
    readonly counts: "How long calls took, attempts and waits together; without the calls that open streams."
  }
  readonly attempts: {
    readonly name: "reliability.attempts"
    readonly kind: "counter"
    readonly unit: "{attempt}"
    readonly attributes: readonly [
      "workload",
      "operation",
      "provider",
      "model",
      "address",
      "port",
      "outcome",
      "error",
      "delivery",
      "phase"
    ]
    readonly counts: "Attempts: the requests, as the provider counts them."
  }
  readonly attemptDuration: {
    readonly name: "reliability.attempt.duration"
    readonly kind: "histogram"
    readonly unit: "s"
    readonly attributes: readonly ["workload", "operation", "provider", "model", "address", "port", "error"]
    readonly counts: "How long attempts took; those of streams until the first event."
  }
  readonly waits: {
    readonly name: "reliability.waits"
    readonly kind: "counter"
    readonly unit: "{wait}"
    readonly attributes: readonly ["workload", "operation", "provider", "model", "address", "port", "error", "waited"]
    readonly counts: "Waits before another attempt, by what failed before."
  }
  readonly waitDuration: {
    readonly name: "reliability.wait.duration"
    readonly kind: "histogram"
    readonly unit: "s"
    readonly attributes: readonly ["workload", "operation", "provider", "model", "address", "port", "waited"]
    readonly counts: "How long these waits were meant to take."
  }
  readonly suppressed: {
    readonly name: "reliability.retries.suppressed"
    readonly kind: "counter"
    readonly unit: "{retry}"
    readonly attributes: readonly ["workload", "operation", "provider", "model", "address", "port", "error"]
    readonly counts: "Retries that were not made because the budget was empty."
  }
  readonly budget: {
    readonly name: "reliability.budget.available"
    readonly kind: "gauge"
    readonly unit: "{retry}"
    readonly attributes: readonly ["budget"]
    readonly counts: "The retries that a budget would grant now."
  }
  readonly budgetBalance: {
    readonly name: "reliability.budget.balance"
    readonly kind: "gauge"
    readonly unit: "1"
    readonly attributes: readonly ["budget"]
    readonly counts: "The amount that a budget with costs holds, in the unit of its costs."
  }
  readonly tokens: {
    readonly name: "reliability.tokens"
    readonly kind: "counter"
    readonly unit: "{token}"
    readonly attributes: readonly [
      "workload",
      "operation",
      "provider",
      "model",
      "address",
      "port",
      "outcome",
      "error",
      "tokenType"
    ]
    readonly counts: "Tokens of attempts and streams, stated or estimated. They are wasted unless the outcome is `success`."
  }
  readonly limiterWaiting: {
    readonly name: "reliability.limiter.waiting"
    readonly kind: "gauge"
    readonly unit: "{call}"
    readonly attributes: readonly ["key"]
    readonly counts: "The calls that wait for a rate limiter."
  }
  readonly limiterInFlight: {
    readonly name: "reliability.limiter.in_flight"
    readonly kind: "gauge"
    readonly unit: "{call}"
    readonly attributes: readonly ["key"]
    readonly counts: "The calls in flight that a rate limiter admitted."
  }
  readonly limiterPace: {
    readonly name: "reliability.limiter.pace"
    readonly kind: "gauge"
    readonly unit: "{unit}/s"
    readonly attributes: readonly ["key", "resource"]
    readonly counts: "The pace of a rate limiter."
  }
  readonly limiterLimit: {
    readonly name: "reliability.limiter.limit"
    readonly kind: "gauge"
    readonly unit: "{unit}/s"
    readonly attributes: readonly ["key", "resource"]
    readonly counts: "The limit from headers or from the options of a rate limiter."
  }
  readonly limiterWaits: {
    readonly name: "reliability.limiter.waits"
    readonly kind: "counter"
    readonly unit: "{call}"
    readonly attributes: readonly ["key"]
    readonly counts: "Calls that a rate limiter admitted after a wait."
  }
  readonly limiterWaitTime: {
    readonly name: "reliability.limiter.wait.time"
    readonly kind: "counter"
    readonly unit: "s"
    readonly attributes: readonly ["key"]
    readonly counts: "The sum of these waits."
  }
  readonly limiterRefusals: {
    readonly name: "reliability.limiter.refusals"
    readonly kind: "counter"
    readonly unit: "{call}"
    readonly attributes: readonly ["key", "brake"]
    readonly counts: "Calls that a rate limiter did not admit, and calls that the server refused."
  }
  readonly breakerState: {
    readonly name: "reliability.breaker.state"
    readonly kind: "gauge"
    readonly unit: "{state}"
    readonly attributes: readonly ["circuit"]
    readonly counts: "The state of a circuit: 0 for closed, 1 for half-open, 2 for open."
  }
  readonly breakerTransitions: {
    readonly name: "reliability.breaker.transitions"
    readonly kind: "counter"
    readonly unit: "{transition}"
    readonly attributes: readonly ["circuit", "from", "to"]
    readonly counts: "Changes of the state of a circuit."
  }
  readonly breakerRefusals: {
    readonly name: "reliability.breaker.refusals"
    readonly kind: "counter"
    readonly unit: "{refusal}"
    readonly attributes: readonly ["circuit"]
    readonly counts: "Attempts that a circuit refused; an attempt that waits may be refused again."
  }
  readonly storeOutages: {
    readonly name: "reliability.store.outages"
    readonly kind: "counter"
    readonly unit: "{outage}"
    readonly attributes: readonly ["policy"]
    readonly counts: "Outages of the store of a policy."
  }
  readonly storeLocalDecisions: {
    readonly name: "reliability.store.local_decisions"
    readonly kind: "counter"
    readonly unit: "{decision}"
    readonly attributes: readonly ["policy"]
    readonly counts: "Steps that a policy took without its store, because it was unavailable."
  }
  readonly firstEvent: {
    readonly name: "reliability.stream.time_to_first_event"
    readonly kind: "histogram"
    readonly unit: "s"
    readonly attributes: readonly ["workload", "operation", "provider", "model", "address", "port", "error"]
    readonly counts: "How long calls that open streams took until the first event, or until they failed."
  }
  readonly streams: {
    readonly name: "reliability.streams"
    readonly kind: "counter"
    readonly unit: "{stream}"
    readonly attributes: readonly ["workload", "operation", "provider", "model", "address", "port", "outcome", "error"]
    readonly counts: "Streams that had begun, by how they ended: `StreamBroken`, or `Aborted` by their reader."
  }
  readonly streamDuration: {
    readonly name: "reliability.stream.duration"
    readonly kind: "histogram"
    readonly unit: "s"
    readonly attributes: readonly ["workload", "operation", "provider", "model", "address", "port", "error"]
    readonly counts: "How long streams that had begun took, from the request to the end."
  }
  readonly genAiDuration: {
    readonly name: "gen_ai.client.operation.duration"
    readonly kind: "histogram"
    readonly unit: "s"
    readonly attributes: readonly ["operation", "provider", "model", "address", "port", "error"]
    readonly counts: "GenAI operation duration."
  }
  readonly genAiTokenUsage: {
    readonly name: "gen_ai.client.token.usage"
    readonly kind: "histogram"
    readonly unit: "{token}"
    readonly attributes: readonly ["operation", "provider", "model", "address", "port", "tokenType"]
    readonly counts: "Number of input and output tokens used."
  }
  readonly genAiFirstChunk: {
    readonly name: "gen_ai.client.operation.time_to_first_chunk"
    readonly kind: "histogram"
    readonly unit: "s"
    readonly attributes: readonly ["operation", "provider", "model", "address", "port"]
    readonly counts: "Time to receive the first chunk of a streamed response, from the start of the operation."
  }
  readonly genAiChunk: {
    readonly name: "gen_ai.client.operation.time_per_output_chunk"
    readonly kind: "histogram"
    readonly unit: "s"
    readonly attributes: readonly ["operation", "provider", "model", "address", "port"]
    readonly counts: "Time between a chunk of a streamed response and the one before."
  }
  readonly inferenceDuration: {
    readonly name: "gen_ai.client.inference.duration"
    readonly kind: "histogram"
    readonly unit: "s"
    readonly attributes: readonly ["operation", "provider", "model", "address", "port", "error"]
    readonly counts: "GenAI client inference operation duration."
  }
  readonly inferenceFirstChunk: {
    readonly name: "gen_ai.client.inference.time_to_first_chunk"
    readonly kind: "histogram"
    readonly unit: "s"
    readonly attributes: readonly ["operation", "provider", "model", "address", "port"]
    readonly counts: "Time to receive the first chunk of a streamed response, from the start of the operation."
  }
  readonly inferenceChunk: {
    readonly name: "gen_ai.client.inference.time_per_output_chunk"
    readonly kind: "histogram"
    readonly unit: "s"
    readonly attributes: readonly ["operation", "provider", "model", "address", "port"]
    readonly counts: "Time between a chunk of a streamed response and the one before."
  }
  readonly inferenceInput: {
    readonly name: "gen_ai.client.inference.usage.input_tokens"
    readonly kind: "counter"
    readonly unit: "{token}"
    readonly attributes: readonly ["operation", "provider", "model", "address", "port", "modality"]
    readonly counts: "The number of input (prompt) tokens used, including cached tokens."
  }
  readonly inferenceOutput: {
    readonly name: "gen_ai.client.inference.usage.output_tokens"
    readonly kind: "counter"
    readonly unit: "{token}"
    readonly attributes: readonly ["operation", "provider", "model", "address", "port", "modality"]
    readonly counts: "The number of output (completion) tokens used, including reasoning tokens."
  }
  readonly inferenceInputPerCall: {
    readonly name: "gen_ai.client.inference.operation.input_tokens"
    readonly kind: "histogram"
    readonly unit: "{token}"
    readonly attributes: readonly ["operation", "provider", "model", "address", "port"]
    readonly counts: "Number of input tokens used per inference operation."
  }
  readonly inferenceOutputPerCall: {
    readonly name: "gen_ai.client.inference.operation.output_tokens"
    readonly kind: "histogram"
    readonly unit: "{token}"
    readonly attributes: readonly ["operation", "provider", "model", "address", "port"]
    readonly counts: "Number of output tokens used per inference operation."
  }
  readonly embeddingsDuration: {
    readonly name: "gen_ai.client.embeddings.duration"
    readonly kind: "histogram"
    readonly unit: "s"
    readonly attributes: readonly ["operation", "provider", "model", "address", "port", "error"]
    readonly counts: "GenAI client embeddings operation duration."
  }
  readonly embeddingsInputPerCall: {
    readonly name: "gen_ai.client.embeddings.operation.input_tokens"
    readonly kind: "histogram"
    readonly unit: "{token}"
    readonly attributes: readonly ["operation", "provider", "model", "address", "port"]
    readonly counts: "Number of input tokens used per embeddings operation."
  }
  readonly spanOfGeneration: {
    readonly name: "{gen_ai.operation.name} {gen_ai.request.model}"
    readonly kind: "span"
    readonly unit: ""
    readonly attributes: readonly [
      "workload",
      "operation",
      "provider",
      "model",
      "address",
      "port",
      "responseId",
      "responseModel",
      "finishReasons",
      "inputTokens",
      "outputTokens",
      "stream",
      "firstChunk",
      "copy",
      "attempts",
      "error",
      "delivery",
      "phase",
      "stopped"
    ]
    readonly counts: "A call of which operation and model are known, all attempts and waits together."
  }
  readonly spanOfCall: {
    readonly name: "reliability.call"
    readonly kind: "span"
    readonly unit: ""
    readonly attributes: readonly [
      "workload",
      "address",
      "port",
      "copy",
      "attempts",
      "error",
      "delivery",
      "phase",
      "stopped"
    ]
    readonly counts: "Any other call, all attempts and waits together."
  }
  readonly spanOfAttempt: {
    readonly name: "reliability.attempt"
    readonly kind: "span"
    readonly unit: ""
    readonly attributes: readonly [
      "workload",
      "address",
      "port",
      "method",
      "resend",
      "waited",
      "status",
      "error",
      "delivery",
      "phase"
    ]
    readonly counts: "One attempt, below its call; until the first event, if it opens a stream."
  }
  readonly spanOfStream: {
    readonly name: "reliability.stream"
    readonly kind: "span"
    readonly unit: ""
    readonly attributes: readonly [
      "workload",
      "operation",
      "provider",
      "model",
      "address",
      "port",
      "responseId",
      "responseModel",
      "finishReasons",
      "inputTokens",
      "outputTokens",
      "error",
      "delivery",
      "phase"
    ]
    readonly counts: "A stream that had begun, from the request to its end, beside the call that opened it."
  }
}
