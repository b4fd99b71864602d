//! One socket: what is sent to it, how it is closed, what its upgrade is answered.

use onway_core::rejection::Rejection;
use onway_core::wire::ServerFrame;
use onway_core::wire::frames::FRAME_MAX;
use worker::{Error, Response, Result, WebSocket, WebSocketIncomingMessage, WebSocketPair};

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

/// Completes the handshake of a close that the other side began. 1005 stands for a close without a code, and is answered
/// by one; 1006 and 1015 stand for a connection that is gone.
pub fn close_back(socket: &WebSocket, code: usize, reason: String) {
    match code {
        1006 | 1015 => {}
        1005 => drop(socket.close::<String>(None, None)),
        _ => drop(socket.close(u16::try_from(code).ok(), Some(reason))),
    }
}

/// The text of a message; `None`: it is a binary one.
pub fn text_of(message: &WebSocketIncomingMessage) -> std::result::Result<Option<&str>, Rejection> {
    let (text, length) = match message {
        WebSocketIncomingMessage::String(text) => (Some(text.as_str()), text.len()),
        WebSocketIncomingMessage::Binary(bytes) => (None, bytes.len()),
    };
    if length > FRAME_MAX { Err(Rejection::TooLarge { limit: FRAME_MAX }) } else { Ok(text) }
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
