/**
 * A model of the time line of a recording: where each frame goes, what is left out, and how long it lasts.
 *
 * It counts in ticks of 1/600 s, in which every rate that the programs use is whole.
 */

export const TICKS = 600;

/** Frames of one clock, one after another. */
export interface Run {
  /** The clock: of a source, or of the program's own frames. */
  readonly clock: number;
  /** Time of the first frame, in ticks. */
  readonly begin: number;
  /** Ticks from frame to frame. */
  readonly period: number;
  readonly frames: number;
  /** Whether frames state that they are shown for one period. */
  readonly hasDuration: boolean;
  /** Whether their source states the rate. */
  readonly statesRate: boolean;
}

export class TimeLine {
  /** Frames that have their place already. */
  surplus = 0;
  written = 0;
  /** Places where the line does not follow the clock. */
  breaks = 0;
  /** What is between the files, in ticks. */
  pauses = 0;
  /** Ticks from one place to the next; each tick is a place where frames keep their times. */
  readonly #slot: number;
  readonly #period: number;
  /** The longest gap in ticks. */
  readonly #longest: number;
  /** Whether a longer gap is between two files. */
  readonly #isCut: boolean;
  #origin: { clock: number; time: number; at: number } | undefined;
  #seen = { clock: 0, time: 0, length: 0 };
  #last = 0;
  /** Times of the last frames of one clock: nine at most, the latest one at the end. */
  #recent: { clock: number; time: number }[] = [];
  /** Whether the source of the first frames states more frames than there are places. */
  #statesSurplus = false;

  /** The line of a recording with places every `slot` ticks, in which a frame is shown for `period` ticks. */
  constructor(options: { slot: number; period: number; longest: number; isCut: boolean }) {
    this.#slot = options.slot;
    this.#period = options.period;
    this.#longest = options.longest;
    this.#isCut = options.isCut;
  }

  play({ clock, begin, period, frames, hasDuration, statesRate }: Run): void {
    if (this.#origin === undefined) this.#statesSurplus = statesRate && period < 0.9 * this.#slot;
    for (let frame = 0; frame < frames; frame++) {
      this.#place(clock, begin + frame * period, hasDuration ? period : this.#period);
    }
  }

  /** When the recording is over, in ticks. */
  get end(): number {
    return this.#origin === undefined ? 0 : this.#endOf(this.#origin);
  }

  #place(clock: number, time: number, length: number): void {
    const [seen, origin] = [this.#seen, this.#origin];
    const before = this.#recent.at(-1);
    if (before !== undefined && (before.clock !== clock || time < before.time)) this.#recent = [];
    this.#recent = [...this.#recent.slice(-8), { clock, time }];
    const put = (at: number): void => {
      this.written++;
      this.#last = at;
      this.#seen = { clock, time, length };
    };
    if (origin === undefined) {
      this.#origin = { clock, time, at: 0 };
      return put(0);
    }
    const isOneClock = clock === origin.clock;
    const stepsBack = time < seen.time;
    const at = Math.max(this.#nearest(time, origin), this.#last + this.#slot);
    const isLong = at - this.#last > this.#longest;
    const halves = Math.round(2 * (time - origin.time + origin.at) / this.#period);
    const isLate = 2 * at / this.#period - halves > 3;
    const keepsTimes = this.#slot === 1;
    if (!keepsTimes && isOneClock && !stepsBack && this.#comesTooFast()) {
      // The earlier one of two places that are equally near.
      const nearest = Math.ceil((time - origin.time + origin.at) / this.#slot - 0.5) * this.#slot;
      if (nearest <= this.#last) {
        this.surplus++;
        this.#seen = { clock, time, length };
        return;
      }
    }
    if (isOneClock && !isLong && (!isLate || keepsTimes && !stepsBack)) return put(at);
    if (isOneClock && !isLong && !stepsBack) {
      this.surplus++;
      this.#seen = { clock, time, length };
      return;
    }
    if (isOneClock && isLong && this.#isCut) {
      this.pauses += at - this.#endOf(origin);
      return put(at);
    }
    this.breaks++;
    const next = this.#endOf(origin);
    this.#origin = { clock, time, at: next };
    put(next);
  }

  #comesTooFast(): boolean {
    const [first, last, periods] = [this.#recent[0], this.#recent.at(-1), this.#recent.length - 1];
    if (periods < 4) return this.#statesSurplus;
    return (last?.time ?? 0) - (first?.time ?? 0) < 0.9 * this.#slot * periods;
  }

  #nearest(time: number, origin: { time: number; at: number }): number {
    return Math.round((time - origin.time + origin.at) / this.#slot) * this.#slot;
  }

  /** The end of the last frame, whether it has a place or not. */
  #endOf(origin: { clock: number; time: number; at: number }): number {
    const { clock, time, length } = this.#seen;
    const end = clock === origin.clock ? this.#nearest(time + length, origin) : this.#last + this.#period;
    return Math.max(end, this.#last + this.#slot);
  }
}
