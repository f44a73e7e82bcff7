/**
 * Models of the Fireworks AI API for programs that are written against `@effect/ai`.
 *
 * @since 0.2.0
 */
/**
 * @since 0.2.0
 */
export * as FireworksEmbeddingModel from "./FireworksEmbeddingModel.js"
/**
 * @since 0.2.0
 */
export * as FireworksLanguageModel from "./FireworksLanguageModel.js"
