/**
 * Durable jobs: waits that survive the process, on `@effect/workflow`.
 *
 * @since 0.2.0
 */
/**
 * @since 0.2.0
 */
export * as DurableJob from "./DurableJob.js"
