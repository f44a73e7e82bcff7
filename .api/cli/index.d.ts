export * as Doctor from "./Doctor.js"
export * as Lab from "./Lab.js"
