/**
 * Network streams.
 *
 * @module
 */

import { checkedColour } from "../base/codec.ts";
import { wrongType } from "../base/errors.ts";
import { checkedOptions, checkPlain, rulesWithout } from "../base/options.ts";
import { type ColourSpace, type NetworkOptions, OPTION_RULES } from "../generated/contract.ts";
import { openNative } from "../native/context.ts";
import { LiveSource } from "./live_source.ts";

/** Settings of a network stream besides its address and colour space. */
export type NetworkSettings = Omit<NetworkOptions, "url" | "colour">;

const RULES = rulesWithout(OPTION_RULES.network, "url", "colour");

/** A network stream, made by {@linkcode VideoSourceFactory.connectNetworkSource}. */
export class NetworkSource extends LiveSource {}

/** Checks the arguments, asks for permission to reach the host and connects. */
export async function connectNetwork(
  url: string | URL,
  colour: ColourSpace,
  all: NetworkSettings,
): Promise<NetworkSource> {
  checkPlain("options", all);
  if (typeof url !== "string" && !(url instanceof URL)) {
    throw wrongType("url", `Cannot use url ${String(url)}: it must be a string or a URL`);
  }
  const options: NetworkOptions = {
    ...checkedOptions(all, RULES),
    url: String(url),
    colour: checkedColour(colour),
  };
  const native = await openNative();
  // Its credentials stay out of permissions, names and messages.
  const { host, name } = await native.backend.commandLater(0, { call: "check_address", url: options.url }, "source");
  native.backend.requestNet(host);
  const handle = await native.backend.openLater({ kind: "network", options }, "source");
  return new NetworkSource({ native, handle, name: `the stream ${JSON.stringify(name)}`, pacing: "realtime" });
}
