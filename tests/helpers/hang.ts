/** What never ends is a failure; what only takes long on a busy machine is none. */

/** No test and no process of a test that works takes so long, however busy the machine is. */
export const HANG_MS = 600_000;
