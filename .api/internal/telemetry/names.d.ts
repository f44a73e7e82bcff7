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
    readonly counts: "Retries that were not made since the budget was empty."
  }
  readonly budget: {
    readonly name: "reliability.budget.available"
    readonly kind: "gauge"
    readonly unit: "{retry}"
    readonly attributes: readonly ["budget"]
    readonly counts: "The retries that a budget would grant now."
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
    readonly counts: "Streams that had begun, by how they ended: `StreamBroken`, or `Aborted` by who read them."
  }
  readonly streamDuration: {
    readonly name: "reliability.stream.duration"
    readonly kind: "histogram"
    readonly unit: "s"
    readonly attributes: readonly ["workload", "operation", "provider", "model", "address", "port", "error"]
    readonly counts: "How long streams that had begun took, from the request to the end."
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
      "error",
      "delivery",
      "phase"
    ]
    readonly counts: "A stream that had begun, from the request to its end, beside the call that opened it."
  }
}
