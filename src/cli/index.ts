/**
 * The checks, dashboards and rules of the command line, as functions.
 *
 * @since 0.1.0
 */
/**
 * @since 0.2.0
 */
export * as Dashboards from "./Dashboards.js"
/**
 * @since 0.1.0
 */
export * as Doctor from "./Doctor.js"
