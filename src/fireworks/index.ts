/**
 * Modules for the Fireworks AI API.
 *
 * @since 0.1.0
 */
/**
 * @since 0.1.0
 */
export * as BatchJobs from "./BatchJobs.js"
/**
 * @since 0.1.0
 */
export * as Deployments from "./Deployments.js"
/**
 * @since 0.1.0
 */
export * as Fireworks from "./Fireworks.js"
/**
 * @since 0.1.0
 */
export * as ServerMetrics from "./ServerMetrics.js"
/**
 * @since 0.1.0
 */
export * as TrainerJobs from "./TrainerJobs.js"
