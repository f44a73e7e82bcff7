/**
 * The type of a server-sent event.
 *
 * @since 0.1.0
 */

/**
 * An event as the server sent it.
 *
 * @since 0.1.0
 * @category model
 */
export interface Event {
  /** The name of the event, if it has one. */
  readonly event?: string | undefined
  /** The id of the event, if it has one. */
  readonly id?: string | undefined
  /** The data, usually JSON. Several lines of data are joined by line feeds. */
  readonly data: string
}
