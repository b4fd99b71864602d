//! One socket: what is sent to it, how it is closed, what its upgrade is answered.

use onway_core::rejection::Rejection;
use onway_core::wire::ServerFrame;
use worker::{Error, Response, Result, WebSocket, WebSocketPair};

use crate::identity::SUBPROTOCOL;

/// Sends one frame; a socket that has closed takes none.
pub fn send(socket: &WebSocket, frame: &ServerFrame) -> Result<()> {
    let text = serde_json::to_string(frame).map_err(|error| Error::RustError(error.to_string()))?;
    // The close event of a dead socket follows by itself.
    socket.send_with_str(text).ok();
    Ok(())
}

/// Closes with the code and reason of a refusal.
pub fn close(socket: &WebSocket, rejection: &Rejection) {
    let (code, reason) = rejection.close();
    // Fails only where it is closed already.
    socket.close(Some(code), Some(reason)).ok();
}

/// Answers an upgrade that is refused: accepted and closed at once, since a browser shows a script no
/// HTTP status.
pub fn refuse(rejection: &Rejection, subprotocol: bool) -> Result<Response> {
    crate::log::refusal("socket", rejection.close().0, Some(rejection));
    let pair = WebSocketPair::new()?;
    pair.server.accept()?;
    if let Rejection::RateLimited { .. } = rejection {
        send(&pair.server, &ServerFrame::refusal(rejection, None))?;
    }
    close(&pair.server, rejection);
    switching_protocols(pair.client, subprotocol)
}

pub fn switching_protocols(client: WebSocket, subprotocol: bool) -> Result<Response> {
    let response = Response::from_websocket(client)?;
    // Frames are small: an empty list of extensions keeps the runtime from compressing each for each socket.
    response.headers().set("Sec-WebSocket-Extensions", "")?;
    if subprotocol {
        response.headers().set("Sec-WebSocket-Protocol", SUBPROTOCOL)?;
    }
    Ok(response)
}
