// Every internal link of docs/site leads to a file, and every anchor of our own pages to a place in it.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const site = join(import.meta.dirname, "..", "..", "..", "docs", "site");
const pages = readdirSync(site, { recursive: true }).filter((name) => name.endsWith(".html"));
const texts = new Map();
const textOf = (file) => {
  if (!texts.has(file)) texts.set(file, readFileSync(file, "utf8"));
  return texts.get(file);
};
const hasAnchor = (file, anchor) => anchor === "" || textOf(file).includes(`id="${anchor}"`);

let links = 0;
const dead = [];
for (const name of pages) {
  const page = join(site, name);
  for (const [, address] of textOf(page).matchAll(/(?:href|src|srcset)="([^"]*)"/g)) {
    if (/^([a-z]+:|\/\/)/.test(address) || address === "") continue;
    links += 1;
    const [path, anchor = ""] = decodeURI(address.replaceAll("&amp;", "&")).split("#");
    let file = path === "" ? page : join(dirname(page), path.split("?")[0]);
    if (existsSync(file) && statSync(file).isDirectory()) file = join(file, "index.html");
    const isFound =
      existsSync(file) && (name.startsWith("api/") || !file.endsWith(".html") || hasAnchor(file, anchor));
    if (!isFound) dead.push(`${name}: ${address} (${relative(site, file)})`);
  }
}
for (const line of dead) console.error(`dead link: ${line}`);
console.log(`${links} links of ${pages.length} pages, ${dead.length} dead`);
process.exitCode = dead.length === 0 ? 0 : 1;
