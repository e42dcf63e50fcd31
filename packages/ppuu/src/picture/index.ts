export { type Frame, type RenderOptions, renderFrame } from "./frame.js";
export { encodeGif } from "./gif.js";
export {
  type EpisodePictures,
  type RenderEpisodeOptions,
  renderEpisode,
  stripOf,
  toPng,
  writeGif,
  writePngs,
  writeSvg,
} from "./render-episode.js";
export { COLOURS, type ColourName, type Picture } from "./shapes.js";
export { frameToSvg } from "./svg.js";
export { type EpisodeHtmlOptions, episodeHtml, writeHtml } from "./viewer.js";
