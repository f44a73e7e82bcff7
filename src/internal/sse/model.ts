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
  /** Its name, where it has one. */
  readonly event?: string | undefined
  /** Its id, where it has one. */
  readonly id?: string | undefined
  /** Its data, most often JSON; several lines of it are joined by line feeds. */
  readonly data: string
}
