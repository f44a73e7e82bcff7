/**
 * Scripts, turned into what is asked for the next case.
 *
 * @since 0.1.0
 */
import { answer, type Answer } from "../Fault.js"

/** Always the same, the next of a list and then the rest, or by a function. */
export const scripted = <A, B>(script: A | ReadonlyArray<A> | ((value: B) => A), rest: A): ((value: B) => A) => {
  if (typeof script === "function") return script as (value: B) => A
  if (!Array.isArray(script)) return () => script as A
  const list: ReadonlyArray<A> = script
  let next = 0
  return () => list[next++] ?? rest
}

/** Runs a part of a script that may throw; that it did is told by the answer. */
export const orFailed = <A>(run: () => A, otherwise: (failure: Answer) => A): A => {
  try {
    return run()
  } catch (error) {
    const message = `The server failed: ${String(error)}`
    return otherwise(answer(500, { body: { error: { message, type: "server", code: "server" } } }))
  }
}
