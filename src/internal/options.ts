/**
 * Checks of options. Their messages name the option, its value and its bound.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"

/** The longest delay of the host's timers, in milliseconds: 24.8 days. */
export const maxMillis = 2 ** 31 - 1

const shown = (value: unknown): string => {
  if (Duration.isDuration(value)) return Duration.format(value)
  return typeof value === "string" ? JSON.stringify(value) : String(value)
}

/** Throws a `RangeError` such as `Retry.make: cap is "1 second"; it must be at least base, 2s`. */
export const refuse = (owner: string, option: string, value: unknown, bound: string): never => {
  throw new RangeError(`${owner}: ${option} is ${shown(value)}; it must be ${bound}`)
}

/** Returns a duration of at least `min` and at most `maxMillis` milliseconds; also an infinite one with `infinite`. */
export const duration = (
  owner: string,
  option: string,
  input: Duration.DurationInput,
  { infinite = false, min = 0 }: { readonly infinite?: boolean; readonly min?: number } = {}
): Duration.Duration => {
  // `Duration.decode` reads NaN and negative numbers as zero, and throws on an invalid duration
  const numbers: ReadonlyArray<unknown> = Array.isArray(input) ? input : typeof input === "number" ? [input] : []
  const malformed = numbers.some((value) => !(typeof value === "number" && value >= 0))
  const decoded = Duration.decodeUnknown(malformed || /^\s*-/.test(String(input)) ? undefined : input)
  const value =
    decoded._tag === "Some" ? decoded.value : refuse(owner, option, input, "a duration that is not negative")
  const millis = Duration.toMillis(value)
  if (infinite && millis === Infinity) return value
  if (!(millis >= min)) refuse(owner, option, value, `at least ${min} ms`)
  if (!(millis <= maxMillis)) {
    refuse(
      owner,
      option,
      value,
      infinite ? "at most 2^31-1 ms (24.8 days), or infinite" : "at most 2^31-1 ms (24.8 days)"
    )
  }
  return value
}

/** Returns a finite number within bounds. */
export const number = (
  owner: string,
  option: string,
  value: number,
  {
    integer = false,
    max = Infinity,
    min = 0
  }: { readonly integer?: boolean; readonly max?: number; readonly min?: number }
): number => {
  const fits = Number.isFinite(value) && value >= min && value <= max && (!integer || Number.isInteger(value))
  const kind = integer ? "an integer" : "a number"
  return fits
    ? value
    : refuse(owner, option, value, max === Infinity ? `${kind} of at least ${min}` : `${kind} from ${min} to ${max}`)
}

/** Returns a value that is one of the allowed words. */
export const oneOf = <A extends string>(owner: string, option: string, value: A, allowed: ReadonlyArray<A>): A =>
  allowed.includes(value) ? value : refuse(owner, option, value, `one of ${allowed.join(", ")}`)
