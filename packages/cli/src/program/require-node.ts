const OLDEST = [20, 19];

/** Ends the program with one line when Node is older than the packages need. */
export function requireNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > OLDEST[0]! || (major === OLDEST[0] && minor >= OLDEST[1]!)) return;
  console.error(
    `lab: Node is ${process.versions.node}; Node ${OLDEST.join(".")} or newer was expected; install a newer Node`,
  );
  process.exit(1);
}
