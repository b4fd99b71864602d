/** Starts the tracking page: data block and address in, living page out. */
import "../styles/base.css";
import "../styles/track.css";
import "../styles/stage.css";
import { render } from "preact";
import { Tracking } from "../client";
import { App } from "./App";
import { readPageData } from "./page-data";
import { Refusal } from "./Refusal";
import { dropToken, takeToken } from "./token";
import { viewerOf } from "./viewer";

function start(): void {
  const root = document.getElementById("onway");
  if (!root) return;
  const data = readPageData(document.getElementById("onway-data")?.textContent, location.pathname);
  const { tracking_id, link, snapshot, problem, config } = data;
  if (tracking_id === null) {
    render(<Refusal status={404} />, root);
    return;
  }
  const token = takeToken(tracking_id);
  // The server never saw the fragment: a token may open what it had to refuse.
  const settled = problem && problem.status < 500 && problem.status !== 429;
  const openable = problem && token !== null && (problem.status === 401 || problem.status === 403);
  if (settled && !openable) {
    render(<Refusal status={problem.status} />, root);
    return;
  }
  const tracking = new Tracking({
    tracking_id,
    link,
    token,
    initial: snapshot && { snapshot, at: servedAt() },
    renewToken: () => {
      dropToken(tracking_id);
      return Promise.resolve(null);
    },
  });
  const show = (by: string | null): void => {
    render(<App tracking={tracking} config={config} viewer={viewerOf({ tracking_id, token: by, link })} />, root);
  };
  show(token);
  tracking.start();
  // A link with a fresh token may be opened in the tab that already shows the page.
  addEventListener("hashchange", () => {
    const fresh = takeToken(tracking_id);
    if (!fresh) return;
    tracking.setToken(fresh);
    show(fresh);
  });
}

/** When the page's answer began to arrive: the instant that the snapshot in it was true. */
function servedAt(): number {
  const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  return navigation?.responseStart ?? performance.now();
}

start();
