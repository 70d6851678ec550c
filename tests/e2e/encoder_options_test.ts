/** No option of an encoder opens a file: what each of them would write or read stays where it is. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { capabilities, type Codec } from "../../mod.ts";
import type { OptionsOrder, OptionsOutcome } from "../fixtures/encoder_options_child.ts";
import { type Grants, runFixture } from "../helpers/attempt.ts";
import { withFolder } from "../helpers/folder.ts";

/** Encoders that work here, with the codec of each. */
const encoders = new Map(
  (await capabilities()).codecs.flatMap(({ codec, encoders }) =>
    encoders.filter(({ available }) => available).map(({ name }): [string, Codec] => [name, codec])
  ),
);

/** A list of parameters: the option, what divides them, and parameters that with a file's path would open it. */
interface List {
  readonly option: string;
  readonly divider: string;
  readonly files: readonly string[];
  /** A parameter that opens none. */
  readonly harmless: string;
}

const X264 = ["stats", "dump-yuv", "cqmfile", "cqm", "opencl-clbin"];

const LISTS: Readonly<Record<string, readonly List[]>> = {
  libx264: [
    { option: "x264-params", divider: ":", files: X264, harmless: "me=hex" },
    { option: "x264opts", divider: ":", files: X264, harmless: "me=hex" },
  ],
  libx265: [{
    option: "x265-params",
    divider: ":",
    files: [
      ...["csv", "stats", "analysis-save", "analysis-load", "analysis-reuse-file", "lambda-file", "scaling-list"],
      ...["dhdr10-info", "nalu-file", "film-grain", "aom-film-grain", "recon", "qpfile", "zonefile"],
    ],
    harmless: "me=hex",
  }],
  libkvazaar: [{
    option: "kvazaar-params",
    divider: ",",
    files: ["cqmfile", "roi", "fast-coeff-table", "stats-file-prefix", "fastrd-outdir", "debug"],
    harmless: "sao=off",
  }],
  libsvtav1: [{
    option: "svtav1-params",
    divider: ":",
    files: ["stats", "fgs-table", "roi-map-file", "qpfile", "use-q-file"],
    harmless: "tune=0",
  }],
  "libaom-av1": [{
    option: "aom-params",
    divider: ":",
    files: [
      ...["film-grain-table", "partition-info-path", "vmaf-model-path", "two-pass-output", "second-pass-log"],
      "rate-distribution-info",
    ],
    harmless: "enable-cdef=0",
  }],
};

/** Options beside lists with which encoders open files. */
function plainOptions(file: string): Record<string, string>[] {
  return [
    { flags: "+pass1" },
    { flags: "pass1" },
    { flags: "+mv4+pass1" },
    { flags: "512" },
    { flags: "+pass2" },
    { flags: "+pass1", stats: file },
    { flags: "+pass1", passlogfile: file },
    { flags: "+pass1", "x265-stats": file },
    { stats: file },
    { passlogfile: file },
    { "x265-stats": file },
  ];
}

/** The ways in which a parameter of a list can be given a file. */
function spellings({ divider, harmless }: List, name: string, file: string): string[] {
  const value = file.replaceAll(divider, `\\${divider}`);
  const texts = [
    `${name}=${value}`,
    `${name.replaceAll("-", "_")}=${value}`,
    `${name.toUpperCase()}=${value}`,
    `--${name}=${value}`,
    `no-${name}=0`,
    `no${name}=0`,
    ` ${name} = ${value}`,
    `\n${name}=${value}`,
    `'${name}'='${file}'`,
    `\\${name}=\\${value}`,
    `${name}==${value}`,
    `${name}=1${divider}${name}=${value}`,
    `${harmless}\\${divider}${name}=${value}`,
    `${harmless}'${divider}${name}=${value}`,
    `${name}=`,
    name,
  ];
  return texts.flatMap((text) => [text, `${harmless}${divider}${text}${divider}pass=1`]);
}

type Options = OptionsOrder["options"];

/** All options that would make the encoder open `file`. */
function hostile(encoder: string, file: string): Options {
  const options = plainOptions(file);
  for (const list of LISTS[encoder] ?? []) {
    options.push({ [list.option]: `pass=1` }, { [list.option]: `${list.harmless}${list.divider}pass=3` });
    for (const name of list.files) {
      options.push(...spellings(list, name, file).map((text) => ({ [list.option]: text })));
    }
  }
  return options;
}

/** Options that open no file, one for each list. */
function harmless(encoder: string): Options {
  return (LISTS[encoder] ?? []).map(({ option, harmless }) => ({ [option]: harmless, g: "2" }));
}

/** A folder to work in, one to record into, and a file beside both that an encoder might read or overwrite. */
async function places(folder: string): Promise<Record<"cwd" | "out" | "file", string>> {
  const [cwd, out, file] = [join(folder, "cwd"), join(folder, "out"), join(folder, "precious")];
  await mkdir(cwd);
  await mkdir(out);
  await writeFile(file, "precious");
  return { cwd, out, file };
}

function run(cwd: string, order: OptionsOrder, grants?: Grants, tracer: readonly string[] = []): OptionsOutcome[] {
  return runFixture("encoder_options_child.ts", order, grants, [...tracer, "env", "-C", cwd]) as OptionsOutcome[];
}

/** Asserts that all options were refused as arguments. */
function assertRefusals(options: Options, outcomes: readonly OptionsOutcome[]): void {
  assert.equal(outcomes.length, options.length);
  for (const [index, given] of options.entries()) {
    const { code, field = "" } = outcomes[index] ?? {};
    const words = JSON.stringify([given, outcomes[index]]);
    assert.equal(code, "invalid_argument", words);
    assert.ok(Object.keys(given).some((name) => field === `encoderOptions.${name}`), words);
  }
}

/** Asserts that nothing but these recordings came to be, and that the precious file is as it was. */
async function assertOnly(folder: string, recordings: readonly string[]): Promise<void> {
  const found = await readdir(folder, { recursive: true });
  assert.deepEqual(found.sort(), ["cwd", "out", ...recordings.map((name) => join("out", name)), "precious"].sort());
  assert.equal(await readFile(join(folder, "precious"), "utf8"), "precious");
}

const canTrace = spawnSync("strace", ["-f", "-e", "trace=none", "true"]).status === 0;
const traced = { skip: canTrace ? false : "strace is not there, or may not trace" };

describe("no option of an encoder opens a file", () => {
  for (const [encoder, codec] of encoders) {
    it(`${encoder}: in no spelling, wherever the program works`, async () => {
      await withFolder(async (folder) => {
        const { cwd, out, file } = await places(folder);
        const options = hostile(encoder, file);
        assertRefusals(options, run(cwd, { codec, encoder, folder: out, options }));
        await assertOnly(folder, []);
      });
    });

    it(`${encoder}: nor with leave to write one folder only`, async () => {
      await withFolder(async (folder) => {
        const { cwd, out, file } = await places(folder);
        const options = hostile(encoder, file);
        const grants = { library: true, write: `${out}/` };
        assertRefusals(options, run(cwd, { codec, encoder, folder: out, options }, grants));
        await assertOnly(folder, []);
      });
    });

    it(`${encoder}: what opens none is taken, and the kernel sees nothing else written`, traced, async () => {
      await withFolder(async (folder) => {
        const { cwd, out, file } = await places(folder);
        const [trace, refused] = [join(folder, "trace"), hostile(encoder, file)];
        const options = [...refused, ...harmless(encoder)];
        const tracer = ["strace", "-f", "-qq", "-e", "trace=open,openat,openat2,creat", "-o", trace];
        const outcomes = run(cwd, { codec, encoder, folder: out, options }, undefined, tracer);
        assertRefusals(refused, outcomes.slice(0, refused.length));
        assert.deepEqual(outcomes.slice(refused.length), harmless(encoder).map(() => ({ frames: 3 })));
        const calls = [...(await readFile(trace, "utf8")).matchAll(/(?:open|openat|openat2|creat)\([^"]*"([^"]*)".*/g)];
        await rm(trace);
        assert.notEqual(calls.length, 0);
        // Names that are relative would be in the folder in which the program works.
        const strange = calls.filter(([call, path = ""]) =>
          path.includes("precious") ||
          /O_WRONLY|O_RDWR|O_CREAT|creat\(/.test(call) && (!path.startsWith("/") || path.startsWith(cwd))
        );
        assert.deepEqual(strange.map(([call]) => call), []);
        await assertOnly(folder, harmless(encoder).map((_, index) => `${refused.length + index}.mkv`));
      });
    });
  }

  for (const encoder of Object.keys(LISTS)) {
    const codec = encoders.get(encoder);
    it(`${encoder}: what opens none is taken`, { skip: codec ? false : `${encoder} is not there` }, async () => {
      await withFolder(async (folder) => {
        const { cwd, out } = await places(folder);
        const options = harmless(encoder);
        assert.ok(codec);
        assert.deepEqual(run(cwd, { codec, encoder, folder: out, options }), options.map(() => ({ frames: 3 })));
        await assertOnly(folder, options.map((_, index) => `${index}.mkv`));
      });
    });
  }
});
