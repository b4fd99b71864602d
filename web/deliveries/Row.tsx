/** One of a customer's own deliveries: all of it is the link, where there is a page to open. */
import type { JSX } from "preact";
import { Icon } from "../track/icons";
import { Stars } from "../track/Stars";
import { type RowView, pageOf } from "./view";

const ICONS = { going: "compass", done: "check", failed: "cross", quiet: "clock" } as const;

export function Row({ row, token }: { row: RowView; token: string }): JSX.Element {
  const focusable = { "data-id": row.id, class: `row row--${row.tone}${row.closed ? " row--closed" : ""}` };
  return (
    <li>
      {row.closed ? (
        <div tabIndex={-1} {...focusable}>
          <Words row={row} />
        </div>
      ) : (
        <a href={pageOf(row.id, token)} {...focusable}>
          <Words row={row} />
          <Icon name="ahead" />
        </a>
      )}
    </li>
  );
}

function Words({ row }: { row: RowView }): JSX.Element {
  return (
    <>
      <span class="row__seal">
        <Icon name={ICONS[row.tone]} />
      </span>
      <div class="row__words">
        <p class="row__head">
          <strong class="row__status">{row.headline}</strong>
          {row.when && (
            <span class="row__when">
              <span class="visually-hidden">, </span>
              {row.iso ? <time dateTime={row.iso}>{row.when}</time> : row.when}
            </span>
          )}
        </p>
        <p class="row__address">{row.address}</p>
        <p class="row__facts">
          {row.order}
          {row.stars !== null && <Stars stars={row.stars} />}
        </p>
        {row.closed && <p class="row__facts">{row.closed}</p>}
      </div>
    </>
  );
}
