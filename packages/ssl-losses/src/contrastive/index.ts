export {
  type DirectClrOptions,
  directClr,
  type InfoNceOptions,
  infoNce,
  type MomentumInfoNceOptions,
  momentumInfoNce,
} from "./info-nce.js";
export {
  couplingFactors,
  type DecoupledContrastiveOptions,
  decoupledContrastive,
  ntXent,
} from "./nt-xent.js";
export type { ContrastiveOptions, ZeroRowsWarning } from "./options.js";
export { supCon } from "./sup-con.js";
