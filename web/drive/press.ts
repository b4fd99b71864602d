/** A press that has to be held: what starts it, what calls it off, and when it counts. */

/** Long enough to be meant, short enough for an emergency. */
export const HOLD_MS = 1_500;

export type Press =
  | { type: "down" }
  /** Let go, slid off, interrupted or left by the keyboard. */
  | { type: "up" };

/** Keys that press a button. */
export const isPressKey = (key: string): boolean => key === " " || key === "Enter";

/** Counts one press at a time; `fire` is called when it was held for `HOLD_MS`. */
export class Hold {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly onChange: (held: boolean) => void,
    private readonly fire: () => void,
  ) {}

  take(press: Press): void {
    if (press.type === "up") return this.end();
    if (this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.end();
      this.fire();
    }, HOLD_MS);
    this.onChange(true);
  }

  private end(): void {
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.onChange(false);
  }
}
