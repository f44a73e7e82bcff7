/**
 * Turns scripts into functions.
 *
 * @since 0.1.0
 */
import { answer, type Answer } from "../Fault.js"

/** Returns a function that gives one value always, the values of a list in order and then `rest`, or those of the script. */
export const scripted = <A, B>(script: A | ReadonlyArray<A> | ((value: B) => A), rest: A): ((value: B) => A) => {
  if (typeof script === "function") return script as (value: B) => A
  if (!Array.isArray(script)) return () => script as A
  const list: ReadonlyArray<A> = script
  let next = 0
  return () => list[next++] ?? rest
}

/** Runs a part of a script. If it throws, calls `otherwise` with a 500 whose message contains the error. */
export const orFailed = <A>(run: () => A, otherwise: (failure: Answer) => A): A => {
  try {
    return run()
  } catch (error) {
    const message = `The server failed: ${String(error)}`
    return otherwise(answer(500, { body: { error: { message, type: "server", code: "server" } } }))
  }
}
