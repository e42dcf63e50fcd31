import { labProgram } from "@lab/tooling/tsup";

export default labProgram({ bin: "src/bin.ts" });
