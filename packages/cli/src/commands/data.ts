import { checkData, type DataName, dataSources, downloadData, findData } from "@lab/core/data";
import type { Command } from "@lab/core/experiment";
import { textTable } from "../experiments/table.js";
import { UsageError } from "../program/options.js";

/** A name that is in the catalogue. */
function nameOf(option: unknown): DataName {
  const found = dataSources.find(({ name }) => name === option);
  if (found) return found.name;
  throw new UsageError(
    `there is no data set "${option}"; there are ${dataSources.map(({ name }) => name).join(", ")}`,
  );
}

/** `lab data list|get|check`: the data sets that the experiments use when they find them. */
export function dataCommands(): Command[] {
  const name = { type: "positional", description: "Name from lab data list", required: true } as const;
  return [
    {
      path: ["data", "list"],
      summary: "List data sets and where they were found",
      options: {},
      async run({ print, json }) {
        const rows = await Promise.all(
          dataSources.map(async (source) => ({
            name: source.name,
            title: source.title,
            found: (await findData(source.name))?.dir ?? null,
          })),
        );
        for (const line of json ? [JSON.stringify(rows, null, 1)] : textTable(rows)) print(line);
        return 0;
      },
    },
    {
      path: ["data", "get"],
      summary: "Download a data set into the cache; an interrupted download goes on",
      options: { name },
      async run({ options, signal, onProgress, print, json }) {
        const { dir } = await downloadData(nameOf(options.name), { signal, onProgress });
        print(json ? JSON.stringify({ dir }) : dir);
        return 0;
      },
    },
    {
      path: ["data", "check"],
      summary: "Compare a data set with its checksums",
      options: { name },
      async run({ options, print, json }) {
        const files = await checkData(nameOf(options.name));
        for (const line of json
          ? [JSON.stringify(files, null, 1)]
          : textTable(files.map(({ file, bytes, status }) => ({ file, bytes: bytes ?? null, status })))) {
          print(line);
        }
        return files.every((file) => file.status === "ok") ? 0 : 1;
      },
    },
  ];
}
