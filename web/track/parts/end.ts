/** The end of a share link, out of a field for date and time. */

/** In Unix seconds; null for none, "past" for one that does not lie ahead of `now` (Unix milliseconds). */
export function endOf(field: string, now: number): number | null | "past" {
  // Such a field speaks of the device's own time.
  const at = field === "" ? Number.NaN : new Date(field).getTime();
  if (!Number.isFinite(at)) return null;
  return at <= now ? "past" : Math.floor(at / 1_000);
}
