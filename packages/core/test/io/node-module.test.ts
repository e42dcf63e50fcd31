import { afterEach, expect, test, vi } from "vitest";
import { BackendError } from "../../src/errors/index.js";
import { nodeModule } from "../../src/io/index.js";

afterEach(() => vi.unstubAllGlobals());

test("a module of Node's own is the one that an import gives", async () => {
  const fs = nodeModule<typeof import("node:fs/promises")>("node:fs/promises", "test");
  expect(fs.readFile).toBe((await import("node:fs/promises")).readFile);
});

test("outside Node the error names the function and the module", () => {
  vi.stubGlobal("process", undefined);
  const use = () => nodeModule("node:fs", "saveCodes");
  expect(use).toThrow(BackendError);
  expect(use).toThrow(/saveCodes: node:fs is not there; expected Node 20\.19/);
});
