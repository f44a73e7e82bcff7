/**
 * The errors of calls whose idempotency is not `safe`. An effect that repeats a whole call elsewhere needs to know them.
 *
 * @since 0.2.0
 */
import { globalValue } from "effect/GlobalValue"

const unsafeErrors = /*#__PURE__*/ globalValue(
  /*#__PURE__*/ Symbol.for("effect-reliability/UnsafeErrors"),
  () => new WeakSet<object>()
)

/** Marks an error as that of a call whose idempotency is not `safe`. */
export const markUnsafe = (error: object): void => void unsafeErrors.add(error)

/** Tests whether an error is marked so. */
export const isUnsafe = (error: object): boolean => unsafeErrors.has(error)
