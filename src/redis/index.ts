/**
 * Limits that several processes share through Redis.
 *
 * @since 0.2.0
 */

export * as RedisStore from "./RedisStore.js"
