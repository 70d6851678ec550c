/**
 * A JSR and an npm registry on loopback, with the packages of one folder that `scripts/pack.ts` made.
 *
 * As a program, `registry.ts FOLDER` prints the address of the JSR registry and that of the npm registry in two lines,
 * and serves until it is killed.
 */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, relative } from "node:path";

/** Registries that run. */
export interface Registry {
  /** For `JSR_URL`. */
  readonly jsr: string;
  /** For `NPM_CONFIG_REGISTRY`. */
  readonly npm: string;
  /** The path of every request so far. */
  readonly requests: readonly string[];
  /** Ends it. */
  close(): Promise<void>;
}

/** What is found under each path. */
type Contents = Map<string, Uint8Array | string>;

/** Starts registries with the sources in `folder/jsr` and every tarball in `folder`, on a port that is free. */
export async function startRegistry(folder: string): Promise<Registry> {
  const contents: Contents = new Map();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "");
    requests.push(path);
    const content = contents.get(path);
    response.statusCode = content === undefined ? 404 : 200;
    const json = typeof content === "string" || content === undefined;
    response.setHeader("content-type", json ? "application/json" : "application/octet-stream");
    response.end(content ?? "{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  addJsr(contents, join(folder, "jsr"));
  addNpm(contents, folder, origin);
  return {
    jsr: `${origin}/jsr/`,
    npm: `${origin}/npm/`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The package whose sources lie in `folder`, as JSR lays it out. */
function addJsr(contents: Contents, folder: string): void {
  const { name, version, exports } = JSON.parse(readFileSync(join(folder, "deno.json"), "utf8"));
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const file of filesIn(folder)) {
    const bytes = readFileSync(join(folder, file));
    manifest[`/${file}`] = { size: bytes.length, checksum: `sha256-${digest("sha256", bytes, "hex")}` };
    contents.set(`/jsr/${name}/${version}/${file}`, bytes);
  }
  const [scope, short] = name.slice(1).split("/");
  const meta = { scope, name: short, latest: version, versions: { [version]: {} } };
  contents.set(`/jsr/${name}/meta.json`, JSON.stringify(meta));
  contents.set(`/jsr/${name}/${version}_meta.json`, JSON.stringify({ manifest, exports: { ".": exports } }));
}

/** The tarballs in `folder`, each described by the manifest in the folder of its package. */
function addNpm(contents: Contents, folder: string, origin: string): void {
  for (const tarball of readdirSync(folder).filter((file) => file.endsWith(".tgz"))) {
    const bytes = readFileSync(join(folder, tarball));
    const manifest = JSON.parse(
      readFileSync(join(folder, tarball.replace(/-[\d.]+\.tgz$/, ""), "package.json"), "utf8"),
    );
    const { name, version } = manifest;
    const path = `/npm/${name}/-/${tarball}`;
    const dist = {
      tarball: `${origin}${path}`,
      shasum: digest("sha1", bytes, "hex"),
      integrity: `sha512-${digest("sha512", bytes, "base64")}`,
    };
    contents.set(path, bytes);
    contents.set(
      `/npm/${name}`,
      JSON.stringify({ name, "dist-tags": { latest: version }, versions: { [version]: { ...manifest, dist } } }),
    );
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) => join(folder, file))
    .filter((path) => statSync(path).isFile())
    .map((path) => relative(folder, path));
}

function digest(algorithm: string, bytes: Uint8Array, encoding: "hex" | "base64"): string {
  return createHash(algorithm).update(bytes).digest(encoding);
}

if (import.meta.main) {
  const { jsr, npm } = await startRegistry(Deno.args[0] ?? ".");
  console.log(`${jsr}\n${npm}`);
}
