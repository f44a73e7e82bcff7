/** Makes certificates for the servers of tests. */
export { type Certificate, selfSigned } from "../../src/testing/internal/certificate.js"
