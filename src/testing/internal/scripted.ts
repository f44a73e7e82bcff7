/**
 * Scripts, turned into what is asked for the next case.
 *
 * @since 0.1.0
 */

/** Always the same, the next of a list and then the rest, or by a function. */
export const scripted = <A, B>(script: A | ReadonlyArray<A> | ((value: B) => A), rest: A): ((value: B) => A) => {
  if (typeof script === "function") return script as (value: B) => A
  if (!Array.isArray(script)) return () => script as A
  const list: ReadonlyArray<A> = script
  let next = 0
  return () => list[next++] ?? rest
}
