/** Lets Node run the tests as they are: `node --import ./tests/node/register.mjs`. See `hooks.mjs`. */

import { register } from "node:module";

register("./hooks.mjs", import.meta.url);
