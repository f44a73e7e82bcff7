export * as RedisStore from "./RedisStore.js"
