import { cpus, totalmem } from "node:os";
import { probeBackends } from "@lab/core";
import { dataSources, findData } from "@lab/core/data";
import type { Command } from "@lab/core/experiment";
import type { Registry } from "../discovery/registry.js";
import { versions } from "../discovery/versions.js";

/** `lab doctor`: what this machine has, what it lacks, and the command that changes it. */
export function doctorCommand(registry: Registry): Command {
  return {
    path: ["doctor"],
    summary: "Show backends, versions and data, and how to get what is missing",
    options: {},
    async run({ print, json }) {
      const backends = await probeBackends({ measure: true });
      const data = await Promise.all(
        dataSources.map(async ({ name }) => ({ name, found: await findData(name) })),
      );
      const packages = [
        ...new Set(registry.experiments.map(({ source }) => `${source.name} ${source.version}`)),
      ];
      const machine = {
        processor: cpus()[0]?.model.trim() ?? "unknown",
        threads: cpus().length,
        memoryGiB: Math.round(totalmem() / 2 ** 30),
        ...versions(),
      };
      if (json) {
        print(JSON.stringify({ machine, backends, packages, data }, null, 1));
        return 0;
      }
      for (const [name, value] of Object.entries(machine)) print(`${name}: ${value}`);
      print("");
      print("backends");
      for (const { backend, usable, device, reason, fix, gflops } of backends) {
        if (usable) {
          const threads = device?.threads === undefined ? "" : `, ${device.threads} threads`;
          print(
            `  ${backend}: usable, ${device?.name} (${device?.kind}${threads}), ${device?.version}, ${gflops?.toFixed(1)} GFLOP/s`,
          );
        } else {
          print(`  ${backend}: not usable: ${reason?.split("\n")[0]}`);
          print(`    to have it: ${fix}`);
        }
      }
      print("");
      print(`packages: ${packages.join(", ")}`);
      print("data");
      for (const { name, found } of data) {
        print(
          found ? `  ${name}: ${found.dir} (${found.source})` : `  ${name}: not found; lab data get ${name}`,
        );
      }
      return 0;
    },
  };
}
