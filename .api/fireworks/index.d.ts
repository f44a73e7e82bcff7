export * as BatchJobs from "./BatchJobs.js"
export * as Fireworks from "./Fireworks.js"
