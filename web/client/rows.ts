/**
 * Rows in order, in IndexedDB, so that they survive the page.
 *
 * Where a browser stores nothing (private windows, storage switched off) the same rows live in
 * memory, and `durable` says so.
 */
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Fix, Report } from "./driver-wire";

export interface Row<T> {
  readonly key: number;
  readonly value: T;
}

/** Keys grow: the first row is the oldest. */
export interface Rows<T> {
  add(value: T): Promise<number>;
  first(limit: number): Promise<Row<T>[]>;
  last(): Promise<Row<T> | null>;
  remove(keys: readonly number[]): Promise<void>;
  count(): Promise<number>;
}

/** A report, and the position that was the newest when it was made. */
export interface QueuedReport {
  report: Report;
  after: number;
}

/** Something handed over at the door, on its way to `/tracking/{id}/proof`. */
export interface Proof {
  tracking_id: string;
  kind: "photo" | "signature" | "code";
  content_type: string;
  body: Blob | string;
}

export interface Store {
  readonly durable: boolean;
  readonly fixes: Rows<Fix>;
  readonly reports: Rows<QueuedReport>;
  readonly proofs: Rows<Proof>;
  /** Small things by name, such as the last state of the line. */
  get<T>(name: string): Promise<T | null>;
  set(name: string, value: unknown): Promise<void>;
  close(): void;
}

interface Schema extends DBSchema {
  fixes: { key: number; value: Fix };
  reports: { key: number; value: QueuedReport };
  proofs: { key: number; value: Proof };
  kept: { key: string; value: unknown };
}

type Queue = "fixes" | "reports" | "proofs";
const QUEUES: readonly Queue[] = ["fixes", "reports", "proofs"];

/** Opens what is kept for one driver: two drivers who share a phone never send each other's. */
export async function openStore(driver_id: string): Promise<Store> {
  try {
    const db = await openDB<Schema>(`onway.driver.${driver_id}`, 1, {
      upgrade(fresh) {
        for (const queue of QUEUES) fresh.createObjectStore(queue, { autoIncrement: true });
        fresh.createObjectStore("kept");
      },
    });
    return {
      durable: true,
      fixes: new DatabaseRows<Fix>(db, "fixes"),
      reports: new DatabaseRows<QueuedReport>(db, "reports"),
      proofs: new DatabaseRows<Proof>(db, "proofs"),
      get: async <T>(name: string) => ((await db.get("kept", name)) as T | undefined) ?? null,
      set: async (name, value) => void (await db.put("kept", value, name)),
      close: () => db.close(),
    };
  } catch {
    return memoryStore();
  }
}

export function memoryStore(): Store {
  const kept = new Map<string, unknown>();
  return {
    durable: false,
    fixes: new MemoryRows(),
    reports: new MemoryRows(),
    proofs: new MemoryRows(),
    get: <T>(name: string) => Promise.resolve((kept.get(name) as T | undefined) ?? null),
    set: (name, value) => Promise.resolve(void kept.set(name, value)),
    close: () => undefined,
  };
}

class DatabaseRows<T extends Schema[Queue]["value"]> implements Rows<T> {
  constructor(
    private readonly db: IDBPDatabase<Schema>,
    private readonly queue: Queue,
  ) {}

  add(value: T): Promise<number> {
    return this.db.add(this.queue, value);
  }

  async first(limit: number): Promise<Row<T>[]> {
    const { store } = this.db.transaction(this.queue);
    const [keys, values] = await Promise.all([store.getAllKeys(null, limit), store.getAll(null, limit)]);
    return keys.map((key, i) => ({ key, value: values[i] as T }));
  }

  async last(): Promise<Row<T> | null> {
    const cursor = await this.db.transaction(this.queue).store.openCursor(null, "prev");
    return cursor && { key: cursor.key, value: cursor.value as T };
  }

  async remove(keys: readonly number[]): Promise<void> {
    const removal = this.db.transaction(this.queue, "readwrite");
    await Promise.all([...keys.map((key) => removal.store.delete(key)), removal.done]);
  }

  count(): Promise<number> {
    return this.db.count(this.queue);
  }
}

class MemoryRows<T> implements Rows<T> {
  private readonly rows = new Map<number, T>();
  private next = 1;

  add(value: T): Promise<number> {
    this.rows.set(this.next, value);
    return Promise.resolve(this.next++);
  }

  first(limit: number): Promise<Row<T>[]> {
    return Promise.resolve([...this.rows].slice(0, limit).map(([key, value]) => ({ key, value })));
  }

  last(): Promise<Row<T> | null> {
    const row = [...this.rows].at(-1);
    return Promise.resolve(row ? { key: row[0], value: row[1] } : null);
  }

  remove(keys: readonly number[]): Promise<void> {
    for (const key of keys) this.rows.delete(key);
    return Promise.resolve();
  }

  count(): Promise<number> {
    return Promise.resolve(this.rows.size);
  }
}
