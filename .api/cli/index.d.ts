export * as Doctor from "./Doctor.js"
