import { labProject } from "@lab/tooling/vitest";

export default labProject();
