/**
 * Modules that need Node.
 *
 * @since 0.1.0
 */
/**
 * @since 0.1.0
 */
export * as Transport from "./Transport.js"
