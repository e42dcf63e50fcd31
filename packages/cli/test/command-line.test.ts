import { afterAll, expect, test } from "vitest";
import { fixtureProject, lab } from "./lab.js";

const { folder, remove } = fixtureProject();
afterAll(remove);

const oneLine = (text: string) => text.trim().split("\n").length === 1;

test("a command of a package gets typed options and sets the exit code", async () => {
  expect(await lab(["fixture", "add", "2", "--second", "3"], folder)).toMatchObject({
    code: 0,
    stdout: "5\n",
  });
  expect(await lab(["fixture", "add", "2", "--loud"], folder)).toMatchObject({ stdout: "the sum is 3\n" });
  expect(await lab(["fixture", "add", "100", "--json"], folder)).toMatchObject({
    code: 1,
    stdout: '{"sum":101}\n',
  });
});

test("a command may be the first word of others", async () => {
  expect(await lab(["fixture", "add", "squares", "3"], folder)).toMatchObject({ code: 0, stdout: "10\n" });
  expect(await lab(["fixture", "add", "3", "--second", "4"], folder)).toMatchObject({ stdout: "7\n" });
});

test.each([
  [["fixture", "add"], "Missing required positional argument: FIRST"],
  [["fixture", "add", "1", "--second", "many"], '--second is "many"; a number was expected'],
  [["fixture", "add", "1", "--third", "2"], "--third is not an option of this command"],
  [["fixture", "add", "1", "2"], '"2" is one word too many'],
  [
    ["fixture", "add", "1", "--runner", "cloud"],
    '--runner is "cloud"; inline, threads:N or redis://host:port was expected',
  ],
  [["run", "nothing"], 'there is no experiment "nothing"; there are'],
  [["run", "fixture-steps", "--quick", "--full"], "--quick and --full exclude each other"],
  [["run", "fixture-steps", "--seeds", "0"], '--seeds is "0"; a whole number from 1 was expected'],
  [["run", "fixture-steps", "--backend", "metal"], '--backend is "metal"; one of'],
  [["reproduce", "--only", "nothing"], 'there is no experiment "nothing"'],
  [["report"], "lab-out holds no results"],
  [["dance"], "dance"],
])("%j is refused with exit code 2 and one line", async (args, message) => {
  const { code, stdout, stderr } = await lab(args, folder);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(message);
  expect(oneLine(stderr)).toBe(true);
});

test("a backend that is not there ends with the command that would bring it", async () => {
  const { code, stderr } = await lab(["run", "fixture-steps", "--backend", "tensorflow"], folder);
  expect(code).toBe(1);
  expect(stderr).toMatch(/tensorflow cannot be used: .*; to have it: /);
  expect(oneLine(stderr)).toBe(true);
});

test("the list names the experiments of the installed and of the project's packages", async () => {
  const { stdout } = await lab(["list", "--json"], folder);
  const entries = JSON.parse(stdout) as { name: string; main: boolean }[];
  expect(entries.find((entry) => entry.name === "fixture-steps")?.main).toBe(true);
  expect(entries.find((entry) => entry.name === "priors-transfer")?.main).toBe(true);
  expect((await lab(["list"], folder)).stdout).toContain("* fixture-steps");
});

test("help shows commands, options and their defaults", async () => {
  expect((await lab([], folder)).stdout).toContain("reproduce");
  const { stdout } = await lab(["fixture", "add", "--help"], folder);
  expect(stdout).toContain("--second");
  expect(stdout).toContain("Add two squares");
});

test("the doctor tells every backend, the versions and the data", async () => {
  const { code, stdout } = await lab(["doctor", "--json"], folder);
  expect(code).toBe(0);
  const report = JSON.parse(stdout);
  const wasm = report.backends.find((probe: { backend: string }) => probe.backend === "wasm");
  expect(wasm.usable).toBe(true);
  expect(wasm.gflops).toBeGreaterThan(0);
  for (const probe of report.backends) expect(probe.usable || (probe.reason && probe.fix)).toBeTruthy();
  expect(report.machine.node).toBe(process.versions.node);
  expect(report.data.map((entry: { name: string }) => entry.name)).toContain("mnist");
});
