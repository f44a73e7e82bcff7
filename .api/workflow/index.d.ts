export * as DurableJob from "./DurableJob.js"
