export * as FireworksEmbeddingModel from "./FireworksEmbeddingModel.js"
export * as FireworksLanguageModel from "./FireworksLanguageModel.js"
