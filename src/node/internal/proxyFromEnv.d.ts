declare module "proxy-from-env" {
  /** The URL of the proxy that the environment names for a URL; empty for none. */
  export const getProxyForUrl: (url: string | URL) => string
}
