export type { Decoder, PreparedDecoder } from "./decoder.js";
export { decoderFromModel } from "./decoder-from-model.js";
export { type LinearDecoder, type LinearDecoderOptions, linearDecoder } from "./linear-decoder.js";
export { type MLPDecoder, type MLPDecoderOptions, mlpDecoder } from "./mlp-decoder.js";
export {
  type SpectralNormSquared,
  type SpectralNormSquaredOptions,
  spectralNormSquared,
} from "./spectral-norm.js";
