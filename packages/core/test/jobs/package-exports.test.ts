import { expect, test } from "vitest";
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
