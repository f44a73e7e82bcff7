/**
 * The command line, for programs that want its findings.
 *
 * @since 0.1.0
 */
/**
 * @since 0.1.0
 */
export * as Doctor from "./Doctor.js"
