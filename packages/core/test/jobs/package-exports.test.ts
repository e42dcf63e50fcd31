import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { mapTasks } from "../../src/jobs/index.js";
import { entryOf } from "../../src/jobs/package-exports.js";
import { resolveHandler } from "../../src/jobs/resolve-handler.node.js";

const node = new Set(["node", "import"]);

// The examples of Node's own documentation of "exports".
test("entry points are those that Node's import takes", () => {
  expect(entryOf({ exports: "./index.mjs" }, ".", node)).toBe("./index.mjs");
  expect(entryOf({ exports: { require: "./a.cjs", import: "./a.mjs" } }, ".", node)).toBe("./a.mjs");
  expect(entryOf({ exports: { browser: "./b.js", default: "./d.js" } }, ".", node)).toBe("./d.js");
  const nested = {
    "./worker": { node: { require: "./w.cjs", import: { types: "./w.d.ts", default: "./w.js" } } },
  };
  expect(entryOf({ exports: nested }, "./worker", node)).toBe("./w.js");
  expect(entryOf({ exports: nested }, ".", node)).toBeUndefined();
  const patterns = {
    "./features/*.js": "./src/features/*.js",
    "./features/private/*": null,
    "./*": "./lib/*.js",
  };
  expect(entryOf({ exports: patterns }, "./features/a/b.js", node)).toBe("./src/features/a/b.js");
  expect(entryOf({ exports: patterns }, "./features/private/b.js", node)).toBeUndefined();
  expect(entryOf({ exports: patterns }, "./other", node)).toBe("./lib/other.js");
  expect(entryOf({ exports: [null, "./x.js"] }, ".", node)).toBe("./x.js");
  expect(entryOf({ main: "./m.js" }, ".", node)).toBe("./m.js");
  expect(entryOf({}, "./deep/file.js", node)).toBe("./deep/file.js");
});

test("the running conditions decide, and a package finds itself and its neighbours", () => {
  expect(resolveHandler("test", "tinypool")).toMatch(/^file:.*tinypool\/.*dist\/index\.js$/);
  expect(resolveHandler("test", "@lab/core/metrics")).toMatch(
    /dist\/node\/metrics\/index\.js$|src\/metrics\/index\.ts$/,
  );
});

test("a handler is found from the module that names it, wherever the program was started", async () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "lab handlers ")));
  const folder = join(root, "node_modules", "far-away");
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name: "far-away", type: "module", exports: { "./worker": "./worker.js" } }),
  );
  writeFileSync(join(folder, "worker.js"), "export default (input) => 2 * input;\n");
  writeFileSync(join(root, "beside.mjs"), "export default (input) => 3 * input;\n");
  const from = pathToFileURL(join(root, "program.mjs")).href;
  const inputs = [{ key: "a", input: 7 }];
  const outputs: unknown[] = [];
  for (const handler of ["far-away/worker", "./beside.mjs"])
    for await (const { output } of mapTasks({ name: "from", handler, from, inputs })) outputs.push(output);
  expect(outputs).toEqual([14, 21]);
  expect(() => resolveHandler("test", "far-away/worker")).toThrow("is no entry point");
  expect(() => mapTasks({ name: "x", handler: "./beside.mjs", from: root, inputs })).toThrow(
    "a file URL such as import.meta.url was expected",
  );
});
