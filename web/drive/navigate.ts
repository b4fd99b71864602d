/** Handing over to the phone's own map. */
import type { Job } from "../client/driver-wire";
import type { Place } from "../client/wire";

/** Where the driver goes next for this delivery. */
export function targetOf(job: Job): { place: Place; words: "Pick up at" | "Deliver to" } {
  const { pickup, dropoff, status } = job;
  if (pickup && (status === "CREATED" || status === "ASSIGNED")) return { place: pickup, words: "Pick up at" };
  return { place: dropoff, words: "Deliver to" };
}

/** An address that opens the way there in the map app of the phone; on a desk, in a browser. */
export function mapLink({ lat, lng, address }: Place, user_agent: string): string {
  const point = `${lat},${lng}`;
  if (/android/i.test(user_agent)) {
    const label = address ? `(${encodeURIComponent(address.replaceAll(/[()]/g, " "))})` : "";
    return `geo:${point}?q=${point}${label}`;
  }
  if (/iphone|ipad|ipod/i.test(user_agent)) return `maps://?daddr=${point}`;
  return `https://www.openstreetmap.org/directions?to=${encodeURIComponent(point)}`;
}

/** The place in words. */
export function placeWords({ lat, lng, address }: Place): string {
  return address ?? `${lat.toFixed(5)}, ${lng.toFixed(5)}`;
}
