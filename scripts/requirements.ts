/** The tools and libraries that building and testing need, and the Debian packages that contain them. */

import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import type { Platform } from "./pack/matrix.ts";

/** Something that the machine must have. */
export interface Requirement {
  /** Its name for people. */
  readonly name: string;
  /** Debian packages that bring it. */
  readonly packages: readonly string[];
  /** Whether it is there. */
  readonly present: () => boolean;
}

// FFmpeg 5.1, by the versions of its libraries.
const LIBRARIES: readonly (readonly [module: string, version: string])[] = [
  ["libavcodec", "59.37"],
  ["libavfilter", "8.44"],
  ["libavformat", "59.27"],
  ["libavutil", "57.28"],
  ["libswscale", "6.7"],
];

const BUILD: readonly Requirement[] = [
  { name: "a C compiler", packages: ["gcc", "libc6-dev"], present: () => inPath("cc") },
  { name: "pkg-config", packages: ["pkg-config"], present: () => inPath("pkg-config") },
  { name: "libclang", packages: ["libclang-dev"], present: hasLibclang },
  ...(process.arch === "x64"
    ? [{ name: "the assembler nasm", packages: ["nasm"], present: () => inPath("nasm") }]
    : []),
  ...LIBRARIES.map(([module, version]) => ({
    name: `${module} ${version} or newer (FFmpeg 5.1)`,
    packages: [`${module}-dev`],
    present: () => inPath("pkg-config") && succeeds("pkg-config", [`--atleast-version=${version}`, module]),
  })),
];

const TESTS: readonly Requirement[] = [
  {
    name: "the commands ffmpeg and ffprobe",
    packages: ["ffmpeg"],
    present: () => inPath("ffmpeg") && inPath("ffprobe"),
  },
  { name: "a screen without hardware, Xvfb", packages: ["xvfb"], present: () => inPath("Xvfb") },
];

// The needs of scripts/v4l2_vm: a machine with a kernel of its own, in which the host's programs run.
const MACHINE: readonly Requirement[] = [
  {
    name: "QEMU",
    packages: ["qemu-system-x86", "qemu-system-data", "seabios"],
    present: () => inPath("qemu-system-x86_64"),
  },
  // Some of these are where only root looks.
  { name: "kmod", packages: ["kmod"], present: () => existsSync("/sbin/depmod") && existsSync("/sbin/modprobe") },
  { name: "cpio", packages: ["cpio"], present: () => inPath("cpio") },
  { name: "make", packages: ["make"], present: () => inPath("make") },
  { name: "a C compiler", packages: ["gcc", "libc6-dev"], present: () => inPath("gcc") },
  { name: "xz", packages: ["xz-utils"], present: () => inPath("xz") },
];

// The needs of scripts/ffmpeg/build.sh, and of this library built with it.
const BUNDLE: readonly Requirement[] = [
  ...["cmake", "meson", "nasm", "make", "patch", "pkg-config"].map((command) => ({
    name: command,
    packages: [command],
    present: () => inPath(command),
  })),
  { name: "ninja", packages: ["ninja-build"], present: () => inPath("ninja") },
  { name: "xz", packages: ["xz-utils"], present: () => inPath("xz") },
  { name: "a C++ compiler", packages: ["g++", "libc6-dev"], present: () => inPath("g++") },
  { name: "zlib", packages: ["zlib1g-dev"], present: () => existsSync("/usr/include/zlib.h") },
  { name: "libclang", packages: ["libclang-dev"], present: hasLibclang },
];

const PURPOSES = { build: BUILD, tests: TESTS, machine: MACHINE, bundle: BUNDLE };

/**
 * The missing requirements of building (`build`), running the tests (`tests`), the machine of the device tests
 * (`machine`) or bundling FFmpeg (`bundle`).
 */
export function missing(purpose: keyof typeof PURPOSES): Requirement[] {
  return PURPOSES[purpose].filter((requirement) => !requirement.present());
}

/** The missing requirements of bundling FFmpeg for another platform. */
export function foreign({ triple = "", cpu }: Platform): Requirement[] {
  const architecture = cpu === "x64" ? "amd64" : cpu; // as Debian names it
  const compilers: readonly (readonly [language: string, command: string])[] = [["C", "gcc"], ["C++", "g++"]];
  return [
    ...compilers.map(([language, command]) => ({
      name: `a ${language} compiler for ${cpu}`,
      packages: [`${command}-${triple}`],
      present: () => inPath(`${triple}-${command}`),
    })),
    {
      name: `zlib for ${cpu} (run \`dpkg --add-architecture ${architecture}\` first)`,
      packages: [`zlib1g-dev:${architecture}`],
      present: () => existsSync(`/usr/lib/${triple}/libz.a`),
    },
  ].filter((requirement) => !requirement.present());
}

/** Whether a command of that name is on the search path. */
export function inPath(command: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(delimiter).some((folder) => existsSync(join(folder, command)));
}

function succeeds(command: string, args: string[]): boolean {
  return new Deno.Command(command, { args, stdin: "null", stdout: "null", stderr: "null" }).outputSync().success;
}

function hasLibclang(): boolean {
  if (Deno.env.has("LIBCLANG_PATH")) return true;
  const llvm = readdirSync("/usr/lib").filter((name) => name.startsWith("llvm-")).map((name) => `/usr/lib/${name}/lib`);
  // The unversioned name comes with the headers that bindgen needs.
  return ["/usr/lib", "/usr/lib64", "/usr/local/lib", ...llvm]
    .some((folder) => existsSync(join(folder, "libclang.so")));
}
