//! A line against a small service on this machine that hangs up when a test wants it to.

use onway_core::wire::report::FixReport;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{Callback, ErrorResponse, Request, Response};

use super::*;
use crate::client::Report;

type Served = WebSocketStream<TcpStream>;

/// Echoes the subprotocol and keeps what was asked for.
struct Greeting<'a> {
    asked: &'a mut String,
    offered: &'a mut String,
}

impl Callback for Greeting<'_> {
    fn on_request(self, request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
        *self.asked = request.uri().to_string();
        let name = "sec-websocket-protocol";
        for offer in request.headers().get_all(name) {
            self.offered.push_str(offer.to_str().unwrap());
        }
        response.headers_mut().insert(name, "onway.v1".parse().unwrap());
        Ok(response)
    }
}

struct Service {
    listener: TcpListener,
    offered: String,
}

impl Service {
    /// A service and a line to it that does not wait long between attempts.
    async fn and_line() -> (Self, Line) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let hasty = |seed: &u64| Backoff::new(*seed).next(None) < Duration::from_millis(50);
        let line = open(Config {
            who: "the tester",
            server,
            tracking_id: "TRK-1".into(),
            driver_id: None,
            token: "a.b.c".into(),
            seed: (0..).find(hasty).unwrap(),
            stamped: false,
        });
        (Self { listener, offered: String::new() }, line)
    }

    /// The next socket, and the path that it asked for.
    async fn accept(&mut self) -> (Served, String) {
        let (stream, _) = self.listener.accept().await.unwrap();
        let mut asked = String::new();
        let greeting = Greeting { asked: &mut asked, offered: &mut self.offered };
        (tokio_tungstenite::accept_hdr_async(stream, greeting).await.unwrap(), asked)
    }
}

async fn say(socket: &mut Served, value: Value) {
    socket.send(Message::text(value.to_string())).await.unwrap();
}

async fn heard(socket: &mut Served) -> Value {
    let message = socket.next().await.unwrap().unwrap();
    serde_json::from_str(message.to_text().unwrap()).unwrap()
}

async fn give(line: &Line, numbers: std::ops::Range<i64>) {
    for number in numbers {
        let report = Report::Fix(FixReport { lat: number as f64, ..FixReport::default() });
        line.commands.send(Command::Send(Numbered { number, report })).await.unwrap();
    }
}

async fn until<T>(line: &mut Line, wanted: impl Fn(Event) -> Option<T>) -> T {
    loop {
        if let Some(found) = wanted(line.events.recv().await.expect("the line has gone")) {
            return found;
        }
    }
}

fn ack(number: i64) -> Value {
    json!({"type": "ack", "id": number, "accepted": 1, "duplicates": 0, "late": 0, "filtered": 0, "rejected": []})
}

#[tokio::test]
async fn what_was_not_acknowledged_is_sent_again_on_the_next_socket() {
    let (mut service, mut line) = Service::and_line().await;
    give(&line, 0..3).await;
    let (mut first, _) = service.accept().await;
    for number in 0..3 {
        assert_eq!(heard(&mut first).await["id"], number);
    }
    say(&mut first, ack(0)).await;
    until(&mut line, |event| matches!(event, Event::Acknowledged { number: 0, .. }).then_some(())).await;
    drop(first);

    let (mut second, _) = service.accept().await;
    give(&line, 3..4).await;
    for number in 1..4 {
        let again = heard(&mut second).await;
        assert_eq!((&again["id"], &again["location"]["lat"]), (&json!(number), &json!(number as f64)));
    }
}

#[tokio::test]
async fn it_shows_its_token_and_resumes_where_it_was() {
    let (mut service, line) = Service::and_line().await;
    let (mut first, asked) = service.accept().await;
    assert_eq!(asked, "/ws/tracking/TRK-1");
    assert_eq!(service.offered.replace(' ', ""), "onway.v1,bearer.a.b.c");
    say(&mut first, json!({"type": "initial_state", "data": {"seq": 7, "epoch": "e1"}})).await;
    say(&mut first, json!({"type": "from_a_later_version", "data": {"seq": 9}, "ack": true})).await;
    assert_eq!(heard(&mut first).await, json!({"type": "ack", "seq": 9}));
    drop(first);
    let (_second, asked) = service.accept().await;
    assert_eq!(asked, "/ws/tracking/TRK-1?since=9&epoch=e1");
    drop(line);
}

#[tokio::test]
async fn a_refusal_ends_it_with_the_reason() {
    let (mut service, mut line) = Service::and_line().await;
    let (mut socket, _) = service.accept().await;
    let refusal = CloseFrame { code: CloseCode::Policy, reason: "Not allowed".into() };
    socket.close(Some(refusal)).await.unwrap();
    let end = until(&mut line, |event| match event {
        Event::Ended(error) => Some(error),
        _ => None,
    });
    assert!(matches!(end.await, Error::Closed { code: 1008, reason, .. } if reason == "Not allowed"));
    assert!(line.events.recv().await.is_none());
}

#[tokio::test]
async fn paused_it_hangs_up_and_keeps_what_it_is_given() {
    let (mut service, line) = Service::and_line().await;
    let (mut first, _) = service.accept().await;
    line.commands.send(Command::Pause).await.unwrap();
    assert!(matches!(first.next().await, Some(Ok(Message::Close(_)))));
    drop(first);
    give(&line, 0..2).await;
    line.commands.send(Command::Resume).await.unwrap();
    let (mut second, _) = service.accept().await;
    assert_eq!(heard(&mut second).await["id"], 0);
    assert_eq!(heard(&mut second).await["id"], 1);
}
