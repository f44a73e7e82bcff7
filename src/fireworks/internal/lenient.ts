/**
 * Normalizes responses to their documented form: some servers send null, or omit a field, instead of an empty value.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

type Json = Readonly<Record<string, unknown>>

const isObject = (json: unknown): json is Json => typeof json === "object" && json !== null && !Array.isArray(json)

/** Applies a function to JSON before a schema decodes it. A schema of all variants would take three times as long. */
export const after = <A, I>(form: (json: unknown) => unknown, schema: Schema.Schema<A, I>): Schema.Schema<A, unknown> =>
  Schema.transform(Schema.Unknown, schema, { strict: false, decode: form, encode: (encoded) => encoded })

/** Reads null `choices` of a response as an empty list. */
export const withChoices = (json: unknown): unknown =>
  isObject(json) && json["choices"] === null ? { ...json, choices: [] } : json

const hasDelta = (choice: unknown): boolean => !isObject(choice) || (choice["delta"] ?? undefined) !== undefined

/** Reads missing or null `choices` of a chunk as an empty list, and a missing or null `delta` as an empty object. */
export const withDeltas = (json: unknown): unknown => {
  if (!isObject(json)) return json
  const choices = json["choices"] ?? []
  if (!Array.isArray(choices) || (choices === json["choices"] && choices.every(hasDelta))) return json
  return { ...json, choices: choices.map((choice: Json) => (hasDelta(choice) ? choice : { ...choice, delta: {} })) }
}
