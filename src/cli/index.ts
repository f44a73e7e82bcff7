/**
 * The checks of the command line, as functions.
 *
 * @since 0.1.0
 */
/**
 * @since 0.1.0
 */
export * as Doctor from "./Doctor.js"
