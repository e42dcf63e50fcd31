import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { DataError } from "../errors/index.js";
import { compareVersions, meets, normalName, parseWheelName, type Requirement } from "./wheel.js";

/** A wheel that an index offers. */
export interface IndexedWheel {
  /** File name. */
  file: string;
  /** Where it is. */
  url: URL;
  /** Published SHA-256, hexadecimal. */
  sha256: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The package index that the environment or pip's configuration names; there is no other default. */
export function configuredIndex(environment: Environment, files = pipFiles(environment)): string | undefined {
  const named = environment.PIP_INDEX_URL ?? environment.UV_DEFAULT_INDEX ?? environment.UV_INDEX_URL;
  if (named) return named;
  for (const file of files) {
    const found = indexOf(file);
    if (found) return found;
  }
  return undefined;
}

/** pip's configuration files, the more specific first. */
function pipFiles(environment: Environment): string[] {
  const home = environment.HOME ?? homedir();
  const config = environment.XDG_CONFIG_HOME ?? join(home, ".config");
  return [environment.PIP_CONFIG_FILE, join(config, "pip", "pip.conf"), join(home, ".pip", "pip.conf")]
    .concat("/etc/pip.conf", "/etc/xdg/pip/pip.conf")
    .filter((file): file is string => Boolean(file));
}

/** `index-url` of the section `[global]` or `[download]` of one file. */
function indexOf(file: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  let section = "";
  for (const line of text.split(/\r?\n/)) {
    section = /^\s*\[(.+)\]/.exec(line)?.[1] ?? section;
    const value = /^\s*index[-_]url\s*[=:]\s*(\S+)/.exec(line)?.[1];
    if (value && (section === "global" || section === "download")) return value;
  }
  return undefined;
}

/**
 * Looks a wheel up in a package index (the "simple" interface, JSON or HTML).
 *
 * @param index - Address of the index; HTTPS, or plain HTTP on this machine itself.
 * @param requirement - Distribution and versions wanted; the newest that fits is taken.
 * @param machine - Processor's name in wheel tags.
 * @throws {@link DataError} when the index cannot be read, has no such wheel, or publishes no checksum for it.
 */
export async function findWheel(
  index: string,
  requirement: Requirement,
  machine: string,
  signal?: AbortSignal,
): Promise<IndexedWheel> {
  const page = new URL(`${normalName(requirement.name)}/`, index.endsWith("/") ? index : `${index}/`);
  requireSafe(page);
  const response = await fetch(page, {
    headers: { accept: "application/vnd.pypi.simple.v1+json, text/html;q=0.5" },
    ...(signal && { signal }),
  });
  if (!response.ok)
    throw new DataError(
      `tensorflow install: the package index answered ${response.status} for ${requirement.name}; a list of files was expected`,
      { path: page.href },
    );
  const text = await response.text();
  const json = response.headers.get("content-type")?.includes("json") ?? false;
  const links = json ? linksOfJson(text) : linksOfHtml(text);
  const fitting = links
    .map((link) => ({ ...link, wheel: parseWheelName(link.file) }))
    .filter(({ wheel }) => wheel && wheel.name === normalName(requirement.name))
    .filter(({ wheel }) => meets(wheel!.version, requirement.versions) && fits(wheel!.platform, machine))
    .sort((a, b) => compareVersions(b.wheel!.version, a.wheel!.version));
  const best = fitting[0];
  if (best === undefined)
    throw new DataError(
      `tensorflow install: the package index has no wheel of ${requirement.name}${requirement.versions} for linux ${machine}; ${links.length} files were listed`,
      { path: page.href },
    );
  if (best.sha256 === undefined)
    throw new DataError(`tensorflow install: the package index publishes no sha256 for ${best.file}`, {
      path: page.href,
    });
  const url = new URL(best.href, page);
  requireSafe(url);
  return { file: best.file, url, sha256: best.sha256 };
}

function fits(platform: string, machine: string): boolean {
  return platform === "any" || (platform.includes("linux") && platform.endsWith(machine));
}

/** Refuses an address over which somebody else could answer. */
function requireSafe(url: URL): void {
  const here = ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
  if (url.protocol === "https:" || (url.protocol === "http:" && here)) return;
  throw new DataError(`tensorflow install: ${url.protocol}//${url.host} is not read over https`, {
    path: url.href,
  });
}

interface Link {
  file: string;
  href: string;
  sha256: string | undefined;
}

function linksOfJson(text: string): Link[] {
  const { files } = JSON.parse(text) as {
    files: { filename: string; url: string; hashes?: { sha256?: string } }[];
  };
  return files.map(({ filename, url, hashes }) => ({ file: filename, href: url, sha256: hashes?.sha256 }));
}

function linksOfHtml(text: string): Link[] {
  const links: Link[] = [];
  for (const [, quoted] of text.matchAll(/<a\s[^>]*?href="([^"]+)"/gi)) {
    const href = quoted!.replaceAll("&amp;", "&");
    const [address, fragment] = href.split("#");
    const file = decodeURIComponent(address!.split("?")[0]!.split("/").at(-1)!);
    links.push({ file, href: address!, sha256: /sha256=([0-9a-f]{64})/i.exec(fragment ?? "")?.[1] });
  }
  return links;
}
