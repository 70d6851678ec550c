/**
 * Rehearses a release: `rehearse_release.ts [FOLDER]`, as root, with debootstrap, iproute2 and FFmpeg's tools.
 *
 * Makes and checks all packages, then bare Debian roots, an old one and a new one, with nothing in them but Node or
 * Deno, and no network but loopback. There it installs the new packages, as a user would, and runs the README's
 * first example: in each Node from the tarballs, in Deno from a JSR registry on loopback. `ffprobe` judges the
 * recordings from outside. The roots are left behind for a look, by default in `/var/tmp/giftgrab-rehearsal`.
 */

import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { checkNpm } from "./check_npm.ts";
import { outputOf, runScript, ScriptError } from "./command.ts";
import { ROOT } from "./finding.ts";
import { bundledLibraries, pack, type Package, type Packages } from "./pack.ts";
import { ownPlatform } from "./pack/matrix.ts";
import { installNode, type NodeProgram, NODES } from "./test_node/install.ts";

const SUITES: readonly string[] = ["bookworm", "trixie"];
const FRAMES = 50;
const OUT = join(ROOT, "target/npm");

async function rehearse(folder: string): Promise<void> {
  if (Deno.uid() !== 0) throw new ScriptError("Cannot make a root folder: this needs root");
  for (const tool of ["debootstrap", "ip", "unshare", "ffmpeg", "ffprobe"]) {
    if (await succeeds("which", tool)) continue;
    throw new ScriptError(
      `Cannot rehearse: ${tool} is missing; apt-get install debootstrap iproute2 util-linux ffmpeg`,
    );
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const packages = await pack(OUT, bundledLibraries());
  await checkNpm(OUT);
  const nodes: NodeProgram[] = [];
  for (const line of Object.keys(NODES)) nodes.push(await installNode(line));
  const input = join(folder, "in.mp4");
  const picture = `testsrc2=size=640x480:rate=25:duration=${FRAMES / 25}`;
  await outputOf("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", picture, "-pix_fmt", "yuv420p", input]);
  for (const suite of SUITES) {
    const root = join(folder, suite);
    await outputOf("debootstrap", ["--variant=minbase", suite, root], { quiet: true });
    const debian = readFileSync(join(root, "etc/debian_version"), "utf8").trim();
    for (const variant of ["default", "gpl"]) {
      for (const node of nodes) await inNode(root, input, node, packages, variant, `Debian ${debian}`);
      await inDeno(root, input, packages, variant, `Debian ${debian}`);
    }
  }
}

/** Records in a bare root with `node`, from the tarballs. */
async function inNode(
  root: string,
  input: string,
  node: NodeProgram,
  { core, natives }: Packages,
  variant: string,
  system: string,
): Promise<void> {
  const bin = emptied(root, "opt/node/bin");
  copyFileSync(node.path, join(bin, "node"));
  cpSync(await npmFolder(), join(root, "opt/node/npm"), { recursive: true });
  const home = emptied(root, "root/user");
  copyFileSync(input, join(home, "in.mp4"));
  writeFileSync(join(home, "record.mjs"), example("@giftgrab/core"));
  // Another variant is installed in addition to the default one.
  const wanted = [core, ...new Set([nativeOf(natives, "default"), nativeOf(natives, variant)])];
  for (const { tarball } of wanted) copyFileSync(tarball, join(home, basename(tarball)));
  const tarballs = wanted.map(({ tarball }) => `./${basename(tarball)}`).join(" ");
  const commands = [
    "export PATH=/opt/node/bin:$PATH",
    "node /opt/node/npm/bin/npm-cli.js init --yes >npm.log",
    `node /opt/node/npm/bin/npm-cli.js install --offline ${tarballs} >>npm.log`,
    "node record.mjs",
  ];
  await inside(root, commands.join(" && "));
  await judge(home, `${system}, Node ${node.version}, from npm's tarballs, ${variant}`);
}

/** Records in a bare root with Deno, from registries on loopback. */
async function inDeno(
  root: string,
  input: string,
  { natives }: Packages,
  variant: string,
  system: string,
): Promise<void> {
  copyFileSync(Deno.execPath(), join(emptied(root, "opt/deno"), "deno"));
  const home = emptied(root, "root/user");
  copyFileSync(input, join(home, "in.mp4"));
  const native = nativeOf(natives, variant);
  const chosen = variant === "default" ? "" : `import "npm:${native.name}@${native.version}";\n`;
  writeFileSync(join(home, "record.ts"), `${chosen}${example("jsr:@giftgrab/core")}`);
  await inside(
    root,
    "JSR_URL=$1 NPM_CONFIG_REGISTRY=$2 /opt/deno/deno run --quiet --no-prompt " +
      "--allow-ffi --allow-read=in.mp4 --allow-write=out.mp4 record.ts",
  );
  await judge(home, `${system}, Deno ${Deno.version.deno}, from JSR, ${variant}`);
}

/**
 * Runs a line of shell in the user's folder of a bare root, where nothing but loopback is a network.
 *
 * Its `$1` and `$2` are the addresses of the JSR and the npm registry, which run outside of the root.
 */
async function inside(root: string, line: string): Promise<void> {
  const script = `
    set -eu
    ip link set lo up
    coproc "$1" run -A "$2" "$3"
    trap 'kill $COPROC_PID' EXIT
    read -r jsr <&"\${COPROC[0]}"
    read -r npm <&"\${COPROC[0]}"
    unshare --mount --pid --fork --mount-proc="$4/proc" chroot "$4" /usr/bin/env -i HOME=/root TERM=dumb \\
      PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -c "cd /root/user && $5" sh "$jsr" "$npm"`;
  await outputOf("unshare", [
    ...["--net", "bash", "-c", script, "bash"],
    ...[Deno.execPath(), join(ROOT, "tests/helpers/registry.ts"), OUT, root, line],
  ], { quiet: true });
}

/** The package of this machine's native library. */
function nativeOf(natives: Packages["natives"], variant: string): Package {
  const native = natives.get(`${ownPlatform()}${variant === "default" ? "" : `-${variant}`}`);
  if (native === undefined) throw new Error(`no package was made of variant ${variant}`);
  return native;
}

/** Checks the recording in `home` from outside of the root. */
async function judge(home: string, where: string): Promise<void> {
  const stream = await outputOf("ffprobe", [
    ...["-v", "error", "-select_streams", "v:0", "-count_frames"],
    ...["-show_entries", "stream=codec_name,nb_read_frames", "-of", "csv=p=0", join(home, "out.mp4")],
  ]);
  if (stream.trim() !== `hevc,${FRAMES}`) {
    throw new ScriptError(`Cannot release: ${where}: ffprobe reports "${stream.trim()}", not "hevc,${FRAMES}"`);
  }
  console.log(`${where}: ${stream.trim()}`);
}

/** The README's first example, with the library from `specifier`. */
function example(specifier: string): string {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const [, code = ""] = /```ts\n(.+?)^```$/ms.exec(readme) ?? [];
  if (!code.includes('"@giftgrab/core"')) throw new Error("README.md has no first example that imports the package");
  return code.replace('"@giftgrab/core"', JSON.stringify(specifier));
}

/** The folder of this machine's npm, which is JavaScript only. */
async function npmFolder(): Promise<string> {
  const path = (await outputOf("which", ["npm"])).trim();
  return dirname(dirname(realpathSync(path)));
}

function emptied(root: string, path: string): string {
  const folder = join(root, path);
  if (existsSync(folder)) rmSync(folder, { recursive: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function succeeds(command: string, ...args: string[]): Promise<boolean> {
  const { success } = await new Deno.Command(command, { args, stdout: "null", stderr: "null" }).output();
  return success;
}

if (import.meta.main) {
  await runScript(() => rehearse(resolve(Deno.args[0] ?? "/var/tmp/giftgrab-rehearsal")));
}
