/** Push messages: what this browser has subscribed to. */
import { Refusal, request, send } from "./http";

/** Names of events, as the service has them. */
export type Kind = string;

/** By what right, and of what: without a tracking id of a driver's own deliveries. */
export interface About {
  readonly tracking_id: string | null;
  readonly token: string | null;
  readonly link: string | null;
}

export type Support = "yes" | "denied" | "no";

/** Whether this browser shows push messages. */
export function support(): Support {
  const can = "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;
  if (!can || !isSecureContext) return "no";
  return Notification.permission === "denied" ? "denied" : "yes";
}

/** The key of push messages; null where the service sends none. */
export async function pushKey(): Promise<string | null> {
  try {
    return (await request<{ key: string }>("/push/key")).key;
  } catch (error) {
    if (error instanceof Refusal && error.status === 501) return null;
    throw error;
  }
}

/** Thrown where the person said no. */
export class Denied extends Error {}

/** Asks for the permission and subscribes. Call it from a tap: browsers ask only then. */
export async function subscribe(registration: ServiceWorkerRegistration, key: string, about: About, kinds: readonly Kind[] | null): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") throw new Denied();
  const { pushManager } = registration;
  const applicationServerKey = bytes(key);
  let own = await pushManager.getSubscription();
  // Of another key, as after the operator changed it: no message of this one would be let through.
  if (own && !same(own.options.applicationServerKey, applicationServerKey)) {
    await own.unsubscribe();
    own = null;
  }
  own ??= await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  const { tracking_id, token, link } = about;
  const query = token === null && link !== null ? `?link=${encodeURIComponent(link)}` : "";
  const body = { ...(tracking_id === null ? {} : { tracking_id }), subscription: own.toJSON(), ...(kinds ? { kinds } : {}), language: navigator.language };
  await send(`/push/subscriptions${query}`, { method: "POST", body: JSON.stringify(body), token: token ?? undefined });
  keep(tracking_id, kinds ?? []);
}

/** Ends it. The browser's own subscription stays while another delivery has it. */
export async function unsubscribe(registration: ServiceWorkerRegistration, { tracking_id }: About): Promise<void> {
  const own = await registration.pushManager.getSubscription();
  if (own) {
    const body = { endpoint: own.endpoint, ...(tracking_id === null ? {} : { tracking_id }) };
    await send("/push/subscriptions", { method: "DELETE", body: JSON.stringify(body) });
    if (tracking_id === null) await own.unsubscribe();
  }
  keep(tracking_id, null);
}

/** What was chosen; null where nothing is subscribed to. */
export function chosen(tracking_id: string | null): Kind[] | null {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(nameOf(tracking_id)) ?? "null");
    return Array.isArray(kept) && support() === "yes" && Notification.permission === "granted" ? kept.map(String) : null;
  } catch {
    return null;
  }
}

function keep(tracking_id: string | null, kinds: readonly Kind[] | null): void {
  try {
    if (kinds) localStorage.setItem(nameOf(tracking_id), JSON.stringify(kinds));
    else localStorage.removeItem(nameOf(tracking_id));
  } catch {
    // Storage may be switched off: the page then forgets, and the service does not.
  }
}

const nameOf = (tracking_id: string | null): string => `onway.push.${tracking_id ?? "driver"}`;

/** Of base64url. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (char) => char.charCodeAt(0));
}

function same(known: ArrayBuffer | null, key: Uint8Array): boolean {
  const one = new Uint8Array(known ?? new ArrayBuffer(0));
  return one.length === key.length && one.every((byte, i) => byte === key[i]);
}
