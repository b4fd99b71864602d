/**
 * Times, distances and ages as people say them.
 *
 * Clock times and figures follow the given locale and timezone; the words around them are those of
 * the page, in English, so that no sentence mixes two languages.
 */

const MINUTE_MS = 60_000;
const FEET_PER_METRE = 3.280_84;
const METRES_PER_MILE = 1_609.344;
/** Where road distances are in miles. */
const MILES_REGIONS = new Set(["US", "GB", "LR", "MM"]);
const COMPASS = [
  "north",
  "northeast",
  "east",
  "southeast",
  "south",
  "southwest",
  "west",
  "northwest",
] as const;

export class Formatter {
  protected readonly locale: string;
  private readonly time: Intl.DateTimeFormat;
  private readonly dated: Intl.DateTimeFormat;
  protected readonly day: Intl.DateTimeFormat;
  private readonly relative: Intl.RelativeTimeFormat;
  private readonly miles: boolean;

  /** A locale or timezone that the browser does not know falls back to the browser's own. */
  constructor(locale: string | null, timezone: string | null) {
    this.locale = known(() => Intl.getCanonicalLocales(locale ?? [])[0]) ?? globalThis.navigator?.language ?? "en";
    const zone = known(() => {
      const timeZone = timezone ?? undefined;
      return { timeZone: new Intl.DateTimeFormat("en", { timeZone }).resolvedOptions().timeZone };
    });
    const twelve = new Intl.DateTimeFormat(this.locale, { hour: "numeric" }).resolvedOptions().hour12 === true;
    const hour = twelve ? "numeric" : "2-digit";
    this.time = new Intl.DateTimeFormat(this.locale, { hour, minute: "2-digit", ...zone });
    this.day = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", ...zone });
    this.dated = new Intl.DateTimeFormat(this.locale, {
      weekday: "short",
      day: "numeric",
      month: "short",
      hour,
      minute: "2-digit",
      ...zone,
    });
    this.relative = new Intl.RelativeTimeFormat("en", { numeric: "always" });
    this.miles = MILES_REGIONS.has(known(() => new Intl.Locale(this.locale).maximize().region) ?? "");
  }

  /** "12:40". */
  clock(ms: number): string {
    return this.time.format(ms);
  }

  /** "12:40" and, where the locale counts twelve hours, the half of the day: "9:40" and "am". */
  clockParts(ms: number): { clock: string; half: string | null } {
    const parts = this.time.formatToParts(ms);
    const half = parts.find((part) => part.type === "dayPeriod")?.value ?? null;
    const rest = parts.filter((part) => part.type !== "dayPeriod").map((part) => part.value);
    return { clock: rest.join("").trim(), half };
  }

  /** "12:40", with the day where it is not today's. */
  moment(ms: number, now: number): string {
    return this.day.format(ms) === this.day.format(now) ? this.time.format(ms) : this.dated.format(ms);
  }

  /** "Today", "5 Jan", "5 Jan 2025": the year where it is not this one. */
  date(ms: number, now: number): string {
    const [day, today] = [this.day.format(ms), this.day.format(now)];
    if (day === today) return "Today";
    const year = day.slice(0, 4) === today.slice(0, 4) ? {} : ({ year: "numeric" } as const);
    const { timeZone } = this.day.resolvedOptions();
    return new Intl.DateTimeFormat(this.locale, { day: "numeric", month: "short", ...year, timeZone }).format(ms);
  }

  /** "5 Jan": the day as it is called in `zone`. */
  dayIn(zone: string): (ms: number) => string {
    const day = new Intl.DateTimeFormat(this.locale, { day: "numeric", month: "short", timeZone: zone });
    return (ms) => day.format(ms);
  }

  /** "12:40–12:50", widened to whole minutes; one time where both ends are the same. */
  range(from: number, to: number): string {
    const low = Math.floor(from / MINUTE_MS) * MINUTE_MS;
    const high = Math.ceil(to / MINUTE_MS) * MINUTE_MS;
    return this.time.formatRange(low, Math.max(low, high)).replace(/\s*–\s*/, "–");
  }

  /** "14 min", "1 h 40 min". */
  minutes(minutes: number): string {
    const hours = Math.floor(minutes / 60);
    if (hours === 0) return `${this.number(minutes)} min`;
    const rest = minutes % 60;
    return rest === 0 ? `${this.number(hours)} h` : `${this.number(hours)} h ${this.number(rest)} min`;
  }

  /** "350 m", "1.5 km", "0.9 mi", rounded to what a person can use. */
  distance(metres: number): string {
    if (this.miles) {
      const miles = metres / METRES_PER_MILE;
      if (miles >= 0.15) return this.unit(miles, "mile", miles < 10 ? 1 : 0);
      return this.unit(rounded(metres * FEET_PER_METRE, 50), "foot");
    }
    if (metres >= 950) return this.unit(metres / 1_000, "kilometer", metres < 9_950 ? 1 : 0);
    return this.unit(rounded(metres, metres < 100 ? 10 : 50), "meter");
  }

  /** "25 seconds ago", "3 minutes ago"; in steps, so that it does not flicker. */
  ago(ms: number): string {
    const seconds = Math.max(0, ms / 1_000);
    if (seconds < 10) return "just now";
    if (seconds < 60) return this.relative.format(-Math.floor(seconds / 5) * 5, "second");
    if (seconds < 3_600) return this.relative.format(-Math.floor(seconds / 60), "minute");
    if (seconds < 86_400) return this.relative.format(-Math.floor(seconds / 3_600), "hour");
    return this.relative.format(-Math.floor(seconds / 86_400), "day");
  }

  /** "northeast" for 40 degrees. */
  compass(degrees: number): string {
    return COMPASS[Math.round(degrees / 45) % 8] ?? "north";
  }

  private number(value: number): string {
    return new Intl.NumberFormat(this.locale).format(value);
  }

  private unit(value: number, unit: string, digits = 0): string {
    const options = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: digits } as const;
    return new Intl.NumberFormat(this.locale, options).format(value);
  }
}

function rounded(value: number, step: number): number {
  return Math.max(step, Math.round(value / step) * step);
}

function known<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
