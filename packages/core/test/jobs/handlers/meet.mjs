// Finishes only while another task of the sweep runs at the same time.
import { readdirSync, writeFileSync } from "node:fs";

export default async function meet({ folder }, { key }) {
  writeFileSync(`${folder}/${key}`, "");
  while (readdirSync(folder).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  return process.pid;
}
