/** Keys with which a tracker app reports for a driver. */
import { request } from "../client/http";
import type { Session } from "./session";

export interface DeviceKey {
  key_id: string;
  label: string;
  /** Unix seconds. */
  created_at: number;
  last_used_at: number | null;
}

/** How one app is set up. */
export interface Setup {
  protocol: string;
  app: string;
  /** Opens the app and sets it up; null where it has no such link. */
  link: string | null;
  /** What to enter in the app by hand. */
  url: string;
  notes: string[];
}

/** A key as it is told once, when it is made. */
export interface NewKey {
  key_id: string;
  key: string;
  label: string;
  created_at: number;
  setup: Setup[];
}

const path = ({ driver_id }: Session): string => `/drivers/${encodeURIComponent(driver_id)}/device-keys`;

export async function listKeys(session: Session): Promise<DeviceKey[]> {
  return (await request<{ keys: DeviceKey[] }>(path(session), { token: session.token })).keys;
}

export function createKey(session: Session, label: string): Promise<NewKey> {
  return request<NewKey>(path(session), { method: "POST", token: session.token, body: JSON.stringify({ label }) });
}

export async function revokeKey(session: Session, key_id: string): Promise<void> {
  await request(`${path(session)}/${encodeURIComponent(key_id)}`, { method: "DELETE", token: session.token });
}
