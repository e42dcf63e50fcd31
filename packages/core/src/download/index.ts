export { cacheFolder } from "./cache-folder.node.js";
export { type Checksum, digest } from "./checksum.node.js";
export { type DownloadOptions, download } from "./download.node.js";
