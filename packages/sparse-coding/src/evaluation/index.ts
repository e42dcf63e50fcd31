export {
  type CurvePoint,
  type DenoiseOptions,
  type DenoiseReport,
  denoise,
  linearProbe,
  type ParetoCurveOptions,
  type ProbeOptions,
  type ProbeReport,
  type ProbeSet,
  paretoCurve,
} from "./denoise.js";
export { type DenoiseImagesOptions, denoiseImages, type PatchCoder } from "./denoise-images.js";
export { type PsnrOptions, type PsnrResult, psnr } from "./psnr.js";
