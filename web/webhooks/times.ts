/** Times to the second: attempts may be that close. */
import { Formatter } from "../track/format";

export class Times extends Formatter {
  private readonly exactTime = this.exactly({});
  private readonly exactDate = this.exactly({ day: "numeric", month: "short" });

  /** "12:40:07", with the day where it is not today's. */
  exact(ms: number, now: number): string {
    return (this.day.format(ms) === this.day.format(now) ? this.exactTime : this.exactDate).format(ms);
  }

  private exactly(day: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const { timeZone } = this.day.resolvedOptions();
    return new Intl.DateTimeFormat(this.locale, { ...day, hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone });
  }
}
