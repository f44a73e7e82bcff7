/**
 * @since 0.1.0
 */
export * as Fault from "./Fault.js"
/**
 * @since 0.1.0
 */
export * as FaultServer from "./FaultServer.js"
/**
 * @since 0.1.0
 */
export * as FireworksServer from "./FireworksServer.js"
/**
 * @since 0.1.0
 */
export * as ScriptedClient from "./ScriptedClient.js"
/**
 * @since 0.2.0
 */
export * as Simulator from "./Simulator.js"
