// The server under test: scripts/api-test starts `millrace dev --no-traffic` and says where it is.
import { execFileSync } from "node:child_process";

function needed(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run make api-test`);
  return value;
}

export const base = needed("API_URL");

/** mint returns a token of the running server. */
export function mint(subject, ...roles) {
  return execFileSync(needed("API_BINARY"), ["token", "mint", "--server", base, "--sub", subject, "--role", roles.join(",")], { encoding: "utf8" }).trim();
}
