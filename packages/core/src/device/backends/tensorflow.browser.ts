import type { BackendLoader } from "../types.js";

/** TensorFlow needs Node. */
export const tensorflowLoader: BackendLoader = {
  name: "tensorflow",
  fix: "run the program in Node",
  load: () => Promise.reject(new Error("TensorFlow runs in Node only; this is a browser")),
};
