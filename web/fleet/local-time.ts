/**
 * Times as `<input type="datetime-local">` has them, to the minute, in the zone of the page's other
 * times: the operator's, or the device's where `zone` is null.
 *
 * Of an hour that comes twice when summer time ends, the first is meant; a time that is skipped when
 * it begins is as long after the change as was written.
 */

const DAY_MS = 86_400_000;

/** The name of a zone that this browser knows; null: the device's own is used, as for what is shown. */
export function zoneOf(timezone: string | null): string | null {
  if (timezone === null) return null;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: timezone }).resolvedOptions().timeZone && timezone;
  } catch {
    return null;
  }
}

/** What a field for a time says of its zone: "Africa/Accra time". */
export function zoneWords(zone: string | null): string {
  return zone === null ? "in this device's time" : `${zone.replaceAll("_", " ")} time`;
}

/** "2024-01-01T12:40" for Unix seconds; "" for none. */
export function toLocal(seconds: number | null, zone: string | null): string {
  return seconds === null ? "" : new Date(wall(seconds * 1_000, clockOf(zone))).toISOString().slice(0, "2024-01-01T12:40".length);
}

/** Unix seconds; null for what is no time. */
export function fromLocal(text: string, zone: string | null): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text)) return null;
  const written = Date.parse(`${text}Z`);
  if (!Number.isFinite(written)) return null;
  const clock = clockOf(zone);
  // What the clock is ahead by the day before and the day after: another where it is put forward or back between.
  const [before, after] = [written - DAY_MS, written + DAY_MS].map((ms) => written - (wall(ms, clock) - ms)) as [number, number];
  const found = [before, after].filter((ms) => wall(ms, clock) === written);
  return Math.floor((found.length > 0 ? Math.min(...found) : before) / 1_000);
}

function clockOf(zone: string | null): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-u-ca-gregory-nu-latn", {
    ...(zone !== null && { timeZone: zone }),
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
}

/** What the clock on the wall shows then, as if it were UTC. */
function wall(ms: number, clock: Intl.DateTimeFormat): number {
  const parts = new Map(clock.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const read = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  return Date.UTC(read("year"), read("month") - 1, read("day"), read("hour"), read("minute"), read("second"));
}
