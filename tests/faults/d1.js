// D1 as the tests need it: what the runtime's D1 API asks for, answered from SQLite, with faults on demand.
// POST /fault sets how the next calls go; POST /sql runs a query past all faults.
import { DurableObject } from "cloudflare:workers";

export class Database extends DurableObject {
  /** `kind`: before (fails, nothing is written), after (written, and fails), slow, hang; for `count` calls. */
  #fault = { kind: "none", count: 0 };
  #calls = 0;
  #rowsWritten = 0;

  async fetch(request) {
    const { pathname } = new URL(request.url);
    const body = await request.json();
    if (pathname === "/fault") {
      this.#fault = body;
      return Response.json({ calls: this.#calls, rowsWritten: this.#rowsWritten });
    }
    if (pathname === "/sql") return Response.json(this.#run([body]).map((answer) => answer.results));
    this.#calls += 1;
    const kind = this.#fault.count > 0 ? this.#fault.kind : "none";
    this.#fault.count -= 1;
    if (kind === "before") return lost();
    if (kind === "slow") await new Promise((resolve) => setTimeout(resolve, 2_500));
    // No answer within the life of any test: the caller's own time limit has to end it.
    if (kind === "hang") await new Promise((resolve) => setTimeout(resolve, 3_600_000));
    const queries = Array.isArray(body) ? body : [body];
    try {
      const answers = this.ctx.storage.transactionSync(() => this.#run(queries));
      if (kind === "after") return lost();
      return Response.json(Array.isArray(body) ? answers : answers[0]);
    } catch (error) {
      return Response.json({ success: false, error: String(error) });
    }
  }

  #run(queries) {
    return queries.map(({ sql, params = [] }) => {
      const bound = params.map((value) => (Array.isArray(value) ? new Uint8Array(value).buffer : value));
      const cursor = this.ctx.storage.sql.exec(sql, ...bound);
      const columns = cursor.columnNames;
      const rows = [...cursor.raw()].map((row) => row.map((value) => (value instanceof ArrayBuffer ? [...new Uint8Array(value)] : value)));
      this.#rowsWritten += cursor.rowsWritten;
      const meta = { duration: 0, changes: cursor.rowsWritten, last_row_id: 0, changed_db: cursor.rowsWritten > 0, size_after: 0, rows_read: cursor.rowsRead, rows_written: cursor.rowsWritten };
      const results = rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]])));
      return { success: true, results, columns, rows, meta };
    });
  }
}

const lost = () => Response.json({ success: false, error: "D1_ERROR: Network connection lost." });

export default {
  async fetch(request, env) {
    const database = env.DATABASE.get(env.DATABASE.idFromName("onway"));
    const { pathname, searchParams } = new URL(request.url);
    const answer = await database.fetch(request);
    if (pathname !== "/query" && pathname !== "/execute") return answer;
    // Which of the two shapes of rows is wanted.
    const format = searchParams.get("resultsFormat");
    const shape = (one) => {
      if (!one.success) return one;
      const { columns, rows, ...rest } = one;
      return { ...rest, results: format === "ROWS_AND_COLUMNS" ? { columns, rows } : format === "NONE" ? undefined : rest.results };
    };
    const body = await answer.json();
    return Response.json(Array.isArray(body) ? body.map(shape) : shape(body));
  },
};
