/** Certificates for servers under test. */
export { type Certificate, selfSigned } from "../../src/testing/internal/certificate.js"
