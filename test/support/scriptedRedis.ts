/** A client of Redis in memory, which executes the script of the store with commands that can be late, fail, or be overtaken. */
import type { RedisStore } from "effect-reliability/redis"

export interface ScriptedRedis {
  readonly client: RedisStore.Client
  readonly values: Map<string, string>
  /** The number of commands. */
  commands: number
  /** The time of the server in milliseconds. */
  now: () => number
  /** Called before each command with its key; a failure or a response replaces that of the script. */
  before: (key: string) => Promise<unknown> | undefined
}

export const make = (): ScriptedRedis => {
  const redis: ScriptedRedis = {
    values: new Map(),
    commands: 0,
    now: () => performance.now(),
    before: () => undefined,
    client: {
      eval: () => Promise.reject(new Error("not needed")),
      evalSha: async (_digest, key, [expected, estimate, tolerance, next = "", , id, claim]) => {
        redis.commands++
        const replaced = redis.before(key)
        if (replaced !== undefined) {
          const response = await replaced
          if (response !== undefined) return response
        }
        const value = redis.values.get(key) ?? ""
        const now = redis.now()
        const time = [String(Math.floor(now / 1000)), String(Math.round((now % 1000) * 1000))]
        const ahead = Number(estimate) - now
        const [head = "", version = "", owner, ends] = /^(\S+) (\S+) (\S+) /.exec(value) ?? []
        const isFree = owner === id || !(Number(ends) >= now)
        const isTimely = ahead <= 5 && ahead >= -Number(tolerance)
        if (version === expected && isTimely && (isFree || next === "")) {
          if (next !== "") redis.values.set(key, next)
          else if (owner === id) redis.values.set(key, `${version} - 0 ${value.slice(head.length)}`)
          return [1, ...time]
        }
        if (version !== "" && isFree && Number(claim) > 0) {
          redis.values.set(key, `${version} ${id} ${now + Number(claim)} ${value.slice(head.length)}`)
          return [2, ...time, value]
        }
        return [0, ...time, value]
      }
    }
  }
  return redis
}
