/**
 * The script that compares and sets a state in Redis.
 *
 * @since 0.2.0
 */

/**
 * Replaces a state if its version is the expected one.
 *
 * KEYS is the key. ARGV has seven parts; times are milliseconds.
 *
 * 1. the expected version, empty without a state
 * 2. the client's estimate of the time
 * 3. the tolerance of that estimate
 * 4. the new value, empty to write nothing
 * 5. the time to live of the value
 * 6. the id of the client
 * 7. the duration of a claim, 0 without a claim
 *
 * A value is a version, the id of the client that has a claim, the end of the claim, and JSON, with spaces between them.
 *
 * Returns 1 if the version is the expected one, the estimate is good enough and no other client has a claim. Returns 2 with the
 * current value if the client has a claim now, and 0 with the current value otherwise. The second and third parts are the time as
 * seconds and microseconds. An estimate may be late by the time that the
 * command was on its way. An early one would admit calls too soon. After a claim, no other client can be faster for a moment:
 * otherwise one that writes all the time would keep the others out.
 */
export const script = `
local value = redis.pcall('GET', KEYS[1])
if type(value) ~= 'string' then value = '' end
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local _, head, version, owner, ends = string.find(value, '^(%S+) (%S+) (%S+) ')
local isFree = owner == ARGV[6] or (tonumber(ends) or 0) < now
local ahead = tonumber(ARGV[2]) - now
local isTimely = ahead <= 5 and ahead >= -tonumber(ARGV[3])
if (version or '') == ARGV[1] and isTimely and (isFree or ARGV[4] == '') then
  local next = ARGV[4]
  if next == '' and owner == ARGV[6] then next = version .. ' - 0 ' .. string.sub(value, head + 1) end
  if next ~= '' then redis.call('SET', KEYS[1], next, 'PX', ARGV[5]) end
  return { 1, time[1], time[2] }
end
if version and isFree and tonumber(ARGV[7]) > 0 then
  local claim = string.format('%s %s %.3f ', version, ARGV[6], now + ARGV[7])
  redis.call('SET', KEYS[1], claim .. string.sub(value, head + 1), 'PX', ARGV[5])
  return { 2, time[1], time[2], value }
end
return { 0, time[1], time[2], value }
`

/** The response of the script. */
export interface Reply {
  readonly isExpected: boolean
  /** True if no other client can be faster for a moment. */
  readonly isClaimed: boolean
  /** The time of the server, in milliseconds. */
  readonly time: number
  /** The current value, unless its version is the expected one. */
  readonly value: string
}

/** Reads a response of the script; returns `undefined` if it is malformed. */
export const replyOf = (response: unknown): Reply | undefined => {
  if (!Array.isArray(response)) return undefined
  const [code, seconds, micros, value = ""] = response.map(String)
  const time = Number(seconds) * 1000 + Number(micros) / 1000
  return Number.isFinite(time) ? { isExpected: code === "1", isClaimed: code === "2", time, value } : undefined
}
