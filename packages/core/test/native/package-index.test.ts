import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { installTensorflow } from "../../src/native/install.node.js";
import { configuredIndex, findWheel } from "../../src/native/package-index.node.js";
import { FakeMachine, fakeWheel } from "./fake-machine.js";

const file = "tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl";
const wheel = fakeWheel("library ".repeat(1000));
const sha256 = createHash("sha256").update(wheel).digest("hex");
let folder: string;
let server: Server;
let index: string;
let asJson = true;
let published = sha256;
let mostBytes = Number.POSITIVE_INFINITY;
const ranges: (string | undefined)[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "lab index "));
  asJson = true;
  published = sha256;
  mostBytes = Number.POSITIVE_INFINITY;
  ranges.length = 0;
  server = createServer((request, response) => {
    if (request.url === `/files/${file}`) {
      ranges.push(request.headers.range);
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const range = `bytes ${start}-${wheel.length - 1}/${wheel.length}`;
      response.writeHead(start > 0 ? 206 : 200, {
        "content-length": wheel.length - start,
        ...(start > 0 && { "content-range": range }),
      });
      const end = start + mostBytes;
      mostBytes = Number.POSITIVE_INFINITY; // only the first connection breaks
      if (end >= wheel.length) return void response.end(wheel.subarray(start));
      return void response.write(wheel.subarray(start, end), () => setTimeout(() => response.destroy(), 20));
    }
    if (request.url !== "/simple/tensorflow-cpu/") return void response.writeHead(404).end();
    const others = [
      "tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_aarch64.whl",
      "tensorflow_cpu-2.20.0-cp312-cp312-manylinux_2_27_x86_64.whl",
      "tensorflow_cpu-2.21.0-cp312-cp312-win_amd64.whl",
    ];
    if (asJson) {
      const files = [...others, file].map((filename) => ({
        filename,
        url: `/files/${filename}`,
        hashes: { sha256: published },
      }));
      return void response
        .writeHead(200, { "content-type": "application/vnd.pypi.simple.v1+json" })
        .end(JSON.stringify({ files }));
    }
    const links = [...others, file].map(
      (name) => `<a data-x="1" href="../../files/${name}#sha256=${published}">${name}</a>`,
    );
    return void response.writeHead(200, { "content-type": "text/html" }).end(links.join("\n"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  index = `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`;
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function projectWithoutPython(): FakeMachine {
  const fake = new FakeMachine(join(folder, "a project"));
  fake.hasPython = false;
  fake.environment.PIP_INDEX_URL = index;
  return fake;
}
const install = (fake: FakeMachine) => installTensorflow({ dir: fake.dir, machine: fake.machine() });

test.each([true, false])("without Python the wheel comes from the index (JSON: %s)", async (json) => {
  asJson = json;
  const fake = projectWithoutPython();
  expect((await install(fake)).tensorflow).toBe("2.21.0");
  expect(fake.calls).not.toContain("pip");
});

test("a file with another checksum is refused and not kept", async () => {
  published = "0".repeat(64);
  const fake = projectWithoutPython();
  await expect(install(fake)).rejects.toThrow(`has the sha256 ${sha256}; ${published} was expected`);
  const wheels = join(fake.package, "lib", ".lab-stage", "wheels");
  expect(existsSync(join(wheels, file))).toBe(false);
  expect(existsSync(join(wheels, `${file}.part`))).toBe(false);
  expect(fake.calls).not.toContain("compiler");
});

test("a download that was cut off goes on where it stopped", async () => {
  mostBytes = 400;
  const fake = projectWithoutPython();
  expect((await install(fake)).tensorflow).toBe("2.21.0");
  expect(ranges.slice(0, 2)).toEqual([undefined, "bytes=400-"]);
});

test("what the index lacks is said", async () => {
  const find = (name: string, versions: string, machine = "x86_64") =>
    findWheel(index, { name, versions }, machine);
  await expect(find("tensorflow-cpu", "==1.0")).rejects.toThrow(
    "the package index has no wheel of tensorflow-cpu==1.0 for linux x86_64; 4 files were listed",
  );
  await expect(find("other", "")).rejects.toThrow("the package index answered 404 for other");
  published = "";
  asJson = false;
  await expect(find("tensorflow-cpu", "==2.21.0")).rejects.toThrow("publishes no sha256");
  await expect(
    findWheel("http://198.51.100.1/simple", { name: "x", versions: "" }, "x86_64"),
  ).rejects.toThrow("is not read over https");
});

test("the index is the one that the environment or pip's configuration names", () => {
  const config = join(folder, "pip.conf");
  writeFileSync(
    config,
    "[install]\nindex-url = https://wrong\n[global]\ntimeout = 3\nindex-url = https://right/simple\n",
  );
  expect(configuredIndex({}, [])).toBeUndefined();
  expect(configuredIndex({}, ["/nonexistent", config])).toBe("https://right/simple");
  expect(configuredIndex({ PIP_CONFIG_FILE: config, HOME: folder })).toBe("https://right/simple");
  expect(configuredIndex({ PIP_INDEX_URL: "https://first" }, [config])).toBe("https://first");
});
