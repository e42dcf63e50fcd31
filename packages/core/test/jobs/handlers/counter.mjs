import { threadId } from "node:worker_threads";

let calls = 0;

/** Which thread, and how often its copy of this module was called. */
export default () => ({ thread: threadId, calls: ++calls });
