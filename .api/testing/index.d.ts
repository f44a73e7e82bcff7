export * as Fault from "./Fault.js"
export * as FaultServer from "./FaultServer.js"
export * as FireworksServer from "./FireworksServer.js"
export * as ScriptedClient from "./ScriptedClient.js"
