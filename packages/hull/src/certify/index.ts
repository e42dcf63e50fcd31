export type {
  BoundaryCertificate,
  Certificate,
  InsideCertificate,
  OutsideCertificate,
  Proof,
  Status,
} from "./certificate.js";
