import type { Command } from "@lab/core/experiment";
import { unpackCertificate } from "../certify/certificate-json.js";
import { verifyCertificate } from "../verify/verify-certificate.js";
import { inMemory, readPoints } from "./read-points.js";
import { readText } from "./read-text.node.js";

/** `lab hull verify`. */
export const verify: Command = {
  path: ["hull", "verify"],
  summary: "check certificates with code of their own; exit code 1 when one fails",
  options: {
    certificates: { type: "positional", description: "file with one certificate a line", required: true },
    train: { type: "string", description: "the training rows the certificates are about", required: true },
    test: { type: "string", description: "the test rows, in the same order", required: true },
  },
  async run({ options, signal, onProgress, print, json }) {
    const text = await readText(options.certificates as string);
    const lines = text.split("\n").filter((line) => line !== "");
    const train = await inMemory(await readPoints(options.train as string));
    const test = await inMemory(await readPoints(options.test as string));
    const d = test.shape[1];
    let failed = 0;
    let open = 0;
    if (lines.length !== test.shape[0]) {
      print(`${lines.length} certificates for ${test.shape[0]} test rows`);
      failed++;
    }
    for (const [i, line] of lines.entries()) {
      signal.throwIfAborted();
      const certificate = unpackCertificate(line);
      if (certificate.kind === "boundary") {
        open++;
        continue;
      }
      const { ok, reason } = await verifyCertificate(
        train,
        test.data.subarray(i * d, (i + 1) * d),
        certificate,
      );
      if (!ok) {
        failed++;
        if (!json) print(`certificate ${i}: ${reason}`);
      }
      onProgress({ done: i + 1, total: lines.length });
    }
    const verified = lines.length - open - failed;
    print(
      json
        ? JSON.stringify({ verified, open, failed })
        : `${verified} verified, ${open} undecided, ${failed} failed`,
    );
    return failed > 0 ? 1 : 0;
  },
};
