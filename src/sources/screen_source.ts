/**
 * Screens.
 *
 * @module
 */

import { checkedColour } from "../base/codec.ts";
import { checkedOptions, checkPlain, rulesWithout } from "../base/options.ts";
import { frameRateOf } from "../base/rational.ts";
import {
  type ColourSpace,
  OPTION_RULES,
  type Rational,
  type ScreenInfo,
  type ScreenOptions,
} from "../generated/contract.ts";
import { openNative } from "../native/context.ts";
import { LiveSource } from "./live_source.ts";

/** Settings of a screen besides its colour space. */
export interface ScreenSettings extends Omit<ScreenOptions, "colour" | "frameRate"> {
  /**
   * Frames per second; a number is kept as written.
   *
   * @default 30
   */
  frameRate?: number | Rational | undefined;
}

const RULES = rulesWithout(OPTION_RULES.screen, "colour");

/** A screen, a monitor, a window or a region, made by {@linkcode VideoSourceFactory.createScreenSource}. */
export class ScreenSource extends LiveSource {}

/** Checks the options and opens the screen. */
export async function openScreen(colour: ColourSpace, all: ScreenSettings): Promise<ScreenSource> {
  checkPlain("options", all);
  const frameRate = all.frameRate === undefined ? undefined : frameRateOf(all.frameRate);
  const options: ScreenOptions = {
    ...checkedOptions({ ...all, frameRate }, RULES),
    colour: checkedColour(colour),
  };
  const native = await openNative();
  const handle = await native.backend.openLater({ kind: "screen", options }, "source");
  return new ScreenSource({ native, handle, name: "the screen", pacing: "realtime" });
}

/** Lists the screens of the X servers of this machine. */
export async function listScreens(): Promise<readonly ScreenInfo[]> {
  const { backend } = await openNative();
  return backend.commandLater(0, { call: "list_screens" }, "source");
}
