/**
 * @since 0.1.0
 */
export * as Accounting from "./Accounting.js"
/**
 * @since 0.1.0
 */
export * as ApiError from "./ApiError.js"
/**
 * @since 0.2.0
 */
export * as CircuitBreaker from "./CircuitBreaker.js"
/**
 * @since 0.1.0
 */
export * as Classify from "./Classify.js"
/**
 * @since 0.1.0
 */
export * as Deadline from "./Deadline.js"
/**
 * @since 0.1.0
 */
export * as Dialect from "./Dialect.js"
/**
 * @since 0.2.0
 */
export * as Fallback from "./Fallback.js"
/**
 * @since 0.2.0
 */
export * as Hedge from "./Hedge.js"
/**
 * @since 0.1.0
 */
export * as Job from "./Job.js"
/**
 * @since 0.2.0
 */
export * as RateLimiter from "./RateLimiter.js"
/**
 * @since 0.1.0
 */
export * as Reliability from "./Reliability.js"
/**
 * @since 0.1.0
 */
export * as ReliableHttpClient from "./ReliableHttpClient.js"
/**
 * @since 0.1.0
 */
export * as Retry from "./Retry.js"
/**
 * @since 0.1.0
 */
export * as RetryBudget from "./RetryBudget.js"
/**
 * @since 0.1.0
 */
export * as RetryHint from "./RetryHint.js"
/**
 * @since 0.2.0
 */
export * as Store from "./Store.js"
/**
 * @since 0.1.0
 */
export * as Telemetry from "./Telemetry.js"
/**
 * @since 0.1.0
 */
export * as Workload from "./Workload.js"
