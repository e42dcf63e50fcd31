/**
 * Checks certificates with code that shares nothing with the solver.
 *
 * @packageDocumentation
 */
export type {
  BoundaryCertificate,
  Certificate,
  InsideCertificate,
  OutsideCertificate,
  Proof,
  Status,
} from "../certify/certificate.js";
export type { PointArray, PointSource, Points, SourceAddress } from "../points/points.js";
export { type Verification, verifyCertificate } from "./verify-certificate.js";
