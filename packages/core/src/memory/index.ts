export { tidyAsync } from "./tidy-async.js";
