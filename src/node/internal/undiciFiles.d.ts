// Files of undici that its types do not describe.

declare module "undici/lib/core/errors.js" {
  import type { errors } from "undici"
  const exported: typeof errors
  export default exported
}

declare module "undici/lib/dispatcher/client.js" {
  import type { Client } from "undici"
  const exported: typeof Client
  export default exported
}
