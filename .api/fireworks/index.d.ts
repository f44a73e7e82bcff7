export * as BatchJobs from "./BatchJobs.js";
export * as Deployments from "./Deployments.js";
export * as Fireworks from "./Fireworks.js";
export * as ServerMetrics from "./ServerMetrics.js";
export * as TrainerJobs from "./TrainerJobs.js";
