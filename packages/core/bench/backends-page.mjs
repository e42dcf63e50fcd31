// The page of backends.mjs as text, and what such a text states.
import { cpus } from "node:os";

export const backends = ["wasm", "tensorflow", "webgpu", "cpu"];

const two = (value) => Number(value.toPrecision(2));

/** The page. */
export function pageOf(found) {
  const present = backends.filter((backend) => found[backend]);
  const [{ known: names }] = Object.values(found);
  const all = [
    ...new Set([...names, ...present.flatMap((backend) => Object.keys(found[backend].kinds))]),
  ].sort();
  const isOurs = (name) => present.some((backend) => found[backend].kinds[name] === "ours");
  const kind = (backend, name) => found[backend].kinds[name] ?? "–";
  const speed = (backend, name) => {
    const [time, base] = [found[backend].times[name], found.wasm.times[name]];
    return time && base && backend !== "wasm" && kind(backend, name) !== "–" ? ` ×${two(base / time)}` : "";
  };
  const gain = (name) => {
    const before = found.wasm.shippedTimes[name];
    if (before === undefined) return "";
    return before === null ? "throws" : `×${two(before / found.wasm.times[name])}`;
  };
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rows = all
    .filter(isOurs)
    .map((name) =>
      line([
        `\`${name}\``,
        ...present.map((backend) => kind(backend, name) + speed(backend, name)),
        gain(name),
      ]),
    );
  const rest = all.filter((name) => !isOurs(name));
  const everywhere = rest.filter((name) => present.every((backend) => kind(backend, name) === "engine"));
  const nowhere = rest.filter((name) => present.every((backend) => kind(backend, name) === "–"));
  const some = rest.filter((name) => !everywhere.includes(name) && !nowhere.includes(name));
  const list = (kernels) => kernels.map((name) => `\`${name}\``).join(", ");
  const devices = present.map(
    (backend) => `${backend} on ${found[backend].device.replace(/\s*\(0x[^)]*\)/g, "")}`,
  );
  return `---
title: Kernels of the backends
---

# Which kernel runs where

Written by \`pnpm --filter @lab/core docs:backends\`; the tests compare it with what \`init\` registers. *ours*: core adds the
kernel or replaces the engine's; *engine*: as TensorFlow.js ships it; –: there is none. Behind the kind stands the speed
relative to \`wasm\` in one call of moderate size (\`packages/core/bench/kernel-cases.mjs\`), and in the last column that of ours on
\`wasm\` relative to the kernel that it replaces. Some cases take a chain of operations where a backend has no kernel of the name.
Ours of \`Conv2D\`, \`DepthwiseConv2dNative\` and \`FusedBatchNorm\` on webgpu and cpu only see to gradients that the engine lacks.
Measured on ${cpus().length} × ${cpus()[0].model.trim()}: ${devices.join(", ")}.

## Kernels of core

${line(["kernel", ...present, "wasm over shipped"])}
${line(["---", ...present.map(() => "---"), "---"])}
${rows.join("\n")}

## Kernels of the engine that not every backend has

${line(["kernel", ...present])}
${line(["---", ...present.map(() => "---")])}
${some.map((name) => line([`\`${name}\``, ...present.map((backend) => kind(backend, name))])).join("\n")}

## Kernels of the engine everywhere

${list(everywhere)}.

${nowhere.length ? `On none of these backends: ${list(nowhere)}.\n` : ""}`;
}

/** Kinds by kernel and backend that a document states. */
export function stated(text) {
  const kinds = {};
  let columns = [];
  for (const cells of text
    .split("\n")
    .filter((row) => row.startsWith("|"))
    .map((row) => row.split("|").slice(1, -1))) {
    const [first, ...others] = cells.map((cell) => cell.trim());
    if (first === "kernel") columns = others;
    else if (first.startsWith("`")) {
      for (const [i, cell] of others.entries()) {
        if (!backends.includes(columns[i])) continue;
        kinds[columns[i]] ??= {};
        kinds[columns[i]][first.slice(1, -1)] = cell.split(" ")[0];
      }
    }
  }
  const everywhere = /everywhere\n\n(.*)\./.exec(text)?.[1] ?? "";
  for (const [, name] of everywhere.matchAll(/`(\w+)`/g))
    for (const backend of Object.keys(kinds)) kinds[backend][name] = "engine";
  return kinds;
}
