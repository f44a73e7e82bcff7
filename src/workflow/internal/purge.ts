/**
 * The statements that delete the steps of executions that are over, from the tables of `SqlMessageStorage`.
 *
 * @since 0.2.0
 */
import { oneOf, refuse } from "../../internal/options.js"
import type { PurgeOptions } from "./model.js"

const parentKey = "~@effect/workflow/parent"

/**
 * Returns the statements, given the names of a workflow and of its parts.
 *
 * Of the executions that are over, the message and the reply of the execution itself remain. Those of a part remain until the
 * execution that it belongs to is over, too.
 */
export const statementsOf = (name: string, part: string, options: PurgeOptions): ReadonlyArray<string> => {
  const owner = "DurableJob.purge"
  const dialect = oneOf(owner, "dialect", options.dialect ?? "pg", ["pg", "sqlite"])
  const { prefix = "cluster" } = options
  if (!/^\w+$/.test(prefix)) refuse(owner, "prefix", prefix, "letters, digits and underscores")
  const [messages, replies] = [`${prefix}_messages`, `${prefix}_replies`]
  const [result, parent] = {
    pg: [`r.payload::json -> 'value' ->> '_tag'`, `payload::json -> '${parentKey}' ->> 'executionId'`],
    sqlite: [`json_extract(r.payload, '$.value._tag')`, `json_extract(payload, '$."${parentKey}".executionId')`]
  }[dialect]
  const runs = `tag = 'run' AND entity_type IN ('Workflow/${name}', 'Workflow/${part}')`
  // of the results of an execution, only that of its end is `Complete`
  const over = `SELECT m.entity_id FROM ${messages} m JOIN ${replies} r ON r.request_id = m.id WHERE ${runs} AND r.kind = 0 AND ${result} = 'Complete'`
  return [
    // the steps, the waits and the signals
    `DELETE FROM ${messages} WHERE entity_id IN (${over}) AND NOT (${runs})`,
    `DELETE FROM ${messages} WHERE ${runs} AND ${parent} IN (${over})`,
    `DELETE FROM ${replies} WHERE NOT EXISTS (SELECT 1 FROM ${messages} m WHERE m.id = ${replies}.request_id)`
  ]
}
