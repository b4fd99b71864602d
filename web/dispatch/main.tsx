/** The dispatcher's page: all deliveries. */
import { App } from "../fleet/App";
import { KEPT } from "../fleet/session";
import { start } from "../fleet/start";

start(KEPT.dispatch, (entered) => <App desk="dispatch" {...entered} />);
