import { describe, test } from "vitest";
import { conformance } from "./conformance.js";
import { linalgConformance } from "./linalg-conformance.js";

// Runs where a project with the native binding is named; install.slow.test.ts makes one.
describe.skipIf(!process.env.LAB_TENSORFLOW_DIR)("TensorFlow of LAB_TENSORFLOW_DIR", () => {
  for (const [statement, check] of Object.entries({ ...conformance, ...linalgConformance }))
    test(statement, check);
});
