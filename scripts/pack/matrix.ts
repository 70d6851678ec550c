/** The build matrix: which native packages there are. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One of the two ways in which FFmpeg is built. */
export interface Variant {
  readonly variant: string;
  /** The end of the package's name. */
  readonly suffix: string;
  /** A phrase that names the encoder of each codec. */
  readonly encoders: string;
  /** The consequences of the licence for users. */
  readonly terms: string;
}

/** An operating system and a processor, as npm names them. */
export interface Platform {
  readonly platform: string;
  readonly os: string;
  readonly cpu: string;
  /** npm's name of the C library, where there are several. */
  readonly libc?: string;
  /** Rust's name of the same. */
  readonly target: string;
  /** The prefix of GCC's names, if GCC builds for the platform. */
  readonly triple?: string;
  /** The file name of the native library. */
  readonly library: string;
  /** Whether there are packages for it. */
  readonly built: boolean;
}

/** The contents of `npm/platforms.json`. */
export interface Matrix {
  /** The default one first. */
  readonly variants: readonly Variant[];
  readonly platforms: readonly Platform[];
}

/** A package with a native library. */
export interface Native {
  /** Platform and variant: `linux-x64-gnu-gpl`. */
  readonly id: string;
  readonly platform: Platform;
  readonly variant: Variant;
  /** The name of the package. */
  readonly name: string;
}

/** The build matrix of the checkout at `root`. */
export function matrixOf(root: string): Matrix {
  return JSON.parse(readFileSync(join(root, "npm/platforms.json"), "utf8")) as Matrix;
}

/** Every package with a native library that is built, platform by platform, the default variant first. */
export function nativesOf(core: string, { platforms, variants }: Matrix): Native[] {
  return platforms.filter(({ built }) => built).flatMap((platform) =>
    variants.map((variant) => {
      const id = `${platform.platform}${variant.suffix}`;
      return { id, platform, variant, name: `${core}-${id}` };
    })
  );
}

/** The platform that this runs on. */
export function ownPlatform(): string {
  return `${Deno.build.os}-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}-gnu`;
}
