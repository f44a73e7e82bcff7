export * as Dashboards from "./Dashboards.js"
export * as Doctor from "./Doctor.js"
