/** Starts the driver's page. */
import "../styles/base.css";
import "../styles/drive.css";
import { render } from "preact";
import { App } from "./App";
import { install } from "./install";

function start(): void {
  const root = document.getElementById("onway");
  if (!root) return;
  const draw = (update: (() => void) | null): void => render(<App pathname={location.pathname} update={update} />, root);
  draw(null);
  if (import.meta.env.PROD) void install(draw);
}

start();
