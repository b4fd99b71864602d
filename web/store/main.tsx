/** A store's page: its own deliveries. */
import { App } from "../fleet/App";
import { KEPT } from "../fleet/session";
import { start } from "../fleet/start";

start(KEPT.store, (entered) => <App desk="store" {...entered} />);
